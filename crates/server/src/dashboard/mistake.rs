//! What is wrong with a form, and at which field.

use mintmark_core::registry::RegistryError;

use super::words;
use crate::admin::Refusal;

/// Something that whoever filled a form in can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The member that it is about, as the API names it; empty where it is about the whole.
    pub(crate) field: &'static str,
    /// A sentence.
    pub(crate) text: String,
}

impl Mistake {
    pub(crate) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }

    /// Whether somebody else was quicker: what they did is to be seen, and not what was typed.
    pub(crate) fn is_change(&self) -> bool {
        self.text == words::mistake::CHANGED
    }

    /// What is wrong, where the form is to blame; else the refusal as it was.
    pub(crate) fn of(refusal: Refusal) -> Result<Self, Refusal> {
        Ok(match refusal {
            Refusal::Invalid { field, expected } | Refusal::Registry(RegistryError::Invalid { field, expected }) => {
                Self::new(field, words::mistake::expected(&expected))
            }
            Refusal::OperatorOnly(field) => Self::new(field, words::mistake::OPERATOR_ONLY),
            Refusal::Changed => Self::new("", words::mistake::CHANGED),
            Refusal::Registry(RegistryError::NotAllowed(why)) => Self::new("", words::mistake::sentence(&why)),
            Refusal::Registry(error @ (RegistryError::Exists(_) | RegistryError::NotFound(_))) => {
                Self::new("", words::mistake::sentence(&error.to_string()))
            }
            other => return Err(other),
        })
    }
}

/// What is wrong at a field.
pub(crate) fn at<'m>(mistake: Option<&'m Mistake>, fields: &[&str]) -> Option<&'m str> {
    mistake.filter(|mistake| fields.contains(&mistake.field)).map(|mistake| mistake.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_is_to_blame_for_is_told_at_its_field() {
        let mistake = Mistake::of(Refusal::Invalid { field: "name", expected: "1 to 200 characters".to_owned() }).unwrap();
        assert_eq!(mistake, Mistake::new("name", "Expected: 1 to 200 characters."));
        assert_eq!(at(Some(&mistake), &["id", "name"]), Some("Expected: 1 to 200 characters."));
        assert_eq!(at(Some(&mistake), &["grants"]), None);
        let why = RegistryError::NotAllowed("the tenant is disabled".to_owned());
        assert_eq!(Mistake::of(Refusal::Registry(why)).unwrap(), Mistake::new("", "The tenant is disabled."));
        assert!(Mistake::of(Refusal::NotFound).is_err());
        assert!(Mistake::of(Refusal::Registry(RegistryError::Conflict)).is_err());
    }
}
