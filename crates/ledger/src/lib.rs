//! What was spent, by whom, on what: entries, calls, budgets, keys. A coarse trait and the SQLite engine.
