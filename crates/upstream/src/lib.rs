//! One try against one provider: pools, timers, and the models that are always there (local, twin, replay).
