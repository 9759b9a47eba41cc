//! What differs by minor in patches.

use super::ByMinor;

/// Whether an operation may name the whole document with an empty path.
pub(crate) static WHOLE_DOCUMENT: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 go.mod: github.com/evanphx/json-patch v4.9.0; v1.22: v4.11.0"),
    (23, true, "v1.23 go.mod: github.com/evanphx/json-patch v4.12.0 patch.go replace, test"),
]);

/// Whether replacing the whole document by a scalar is an error; before, it does nothing.
pub(crate) static SCALAR_DOCUMENT_REFUSED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.34 go.mod: gopkg.in/evanphx/json-patch.v4 v4.12.0 patch.go replace: Wrapf of no error"),
    (35, true, "v1.35 go.mod: gopkg.in/evanphx/json-patch.v4 v4.13.0 patch.go replace: fmt.Errorf"),
]);

/// Whether nulls that delete nothing are left out of what a strategic merge patch adds.
pub(crate) static NULLS_DISCARDED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v0.23 apimachinery/pkg/util/strategicpatch/patch.go mergeMap"),
    (24, true, "v0.24 apimachinery/pkg/util/strategicpatch/patch.go discardNullValuesFromPatch"),
]);

/// Whether directives are left out of what a strategic merge patch adds.
pub(crate) static DIRECTIVES_REMOVED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v0.27 apimachinery/pkg/util/strategicpatch/patch.go mergeMap"),
    (28, true, "v0.28 apimachinery/pkg/util/strategicpatch/patch.go removeDirectives"),
]);
