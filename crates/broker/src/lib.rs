//! The path of a call, stage by stage; the only way anything in Jeton calls a model.
