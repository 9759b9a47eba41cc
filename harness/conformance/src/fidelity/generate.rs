//! Cases drawn from a seed. The same for every Kubernetes version, so that what a version does not know is asked of it too.

mod grammar;
mod pods;
mod registrations;
mod sequences;

use self::grammar::{Draw, Grammar};
use super::{
    FidelityError,
    case::{Case, Stage},
    random::Random,
};

/// Draws cases.
#[derive(Debug)]
pub(super) struct Generator {
    grammar: Grammar,
    seed: u64,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Result<Self, FidelityError> {
        let files = [
            include_str!("generate/pod.json"),
            include_str!("generate/registration.json"),
            include_str!("generate/sequence.json"),
        ];
        Ok(Self { grammar: Grammar::read(&files).map_err(FidelityError::Grammar)?, seed })
    }

    /// The case at a place of a stage; nothing for stages that are not drawn.
    pub(super) fn case(&self, stage: Stage, index: usize) -> Option<Case> {
        let mut draw = Draw::new(&self.grammar, Random::of_case(self.seed, stage.as_str(), index));
        match stage {
            Stage::Scenarios => None,
            Stage::Pods => Some(pods::case(&mut draw)),
            Stage::Registrations => Some(registrations::case(&mut draw)),
            Stage::Sequences => Some(sequences::case(&mut draw)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_same_case_from_the_same_seed() {
        for stage in [Stage::Pods, Stage::Registrations, Stage::Sequences] {
            for index in 0..50 {
                let draw = |seed| Generator::new(seed).unwrap().case(stage, index).unwrap();
                assert_eq!(draw(7), draw(7));
                assert!(!draw(7).requests.is_empty());
            }
        }
        let draw = |seed| Generator::new(seed).unwrap().case(Stage::Pods, 0);
        assert_ne!(draw(7), draw(8));
    }
}
