//! For how long what was seen may be shown. Nothing that is drawn or attached is older.

use std::time::Duration;

use callguard_engine::CallView;

/// A face box. The engine takes a face for lost after a second, too: it may have gone anywhere since.
pub(crate) const FACE: Duration = Duration::from_secs(1);
/// A view of the call. The engine makes one for every look, ten a second, and one a quarter second while streams are silent: an eighth of this.
pub(crate) const VIEW: Duration = Duration::from_secs(2);

/// Whether a view tells how the call stands now.
pub(crate) fn is_fresh(view: &CallView) -> bool {
    view.unavailable.is_none() && view.made.is_some_and(|made| made.elapsed() <= VIEW)
}
