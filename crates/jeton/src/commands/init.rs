//! `jeton init`.

use crate::cli::InitArgs;
use crate::failure::Failure;
use std::path::Path;

pub(crate) fn run(_args: &InitArgs, _dir: &Path, _is_json: bool) -> Result<(), Failure> {
    Ok(())
}
