//! The labels of one sample while they are read.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::exposition::model::Label;

/// Up to this many labels, comparing names one by one is faster than hashing.
const FEW: usize = 16;

/// Labels of different names, in the order in which they were pushed.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    labels: Vec<Label<'a>>,
    /// The names of `labels`, once there are more than a few: looking for duplicates must not take quadratic time.
    names: HashSet<Cow<'a, str>>,
}

impl<'a> Labels<'a> {
    /// Whether there is a label of this name.
    pub(super) fn contains(&mut self, name: &str) -> bool {
        if self.labels.len() <= FEW {
            return self.labels.iter().any(|label| label.name == name);
        }
        // Names are only ever appended, and those that were hashed before are the first ones.
        let unhashed = self.labels.iter().skip(self.names.len());
        self.names.extend(unhashed.map(|label| label.name.clone()));
        self.names.contains(name)
    }

    /// Appends a label whose name is not among these.
    pub(super) fn push(&mut self, label: Label<'a>) {
        self.labels.push(label);
    }

    /// Removes the label of this name and returns its value.
    pub(super) fn remove(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let at = self.labels.iter().position(|label| label.name == name)?;
        self.names.clear();
        Some(self.labels.remove(at).value)
    }

    /// The labels.
    pub(super) fn into_vec(self) -> Vec<Label<'a>> {
        self.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_among_few_and_many_labels() {
        let mut labels = Labels::default();
        for number in 0..100 {
            let name = format!("l{number}");
            assert!(!labels.contains(&name), "{name} before it is pushed");
            labels.push(Label::new(name.clone(), ""));
            assert!(labels.contains(&name), "{name} after it is pushed");
            assert!(labels.contains("l0"), "l0 beside {name}");
        }
        assert_eq!(labels.remove("l50"), Some(Cow::Borrowed("")));
        assert_eq!(labels.remove("l50"), None);
        assert!(!labels.contains("l50"));
        assert!(labels.contains("l99"));
        assert_eq!(labels.into_vec().len(), 99);
    }
}
