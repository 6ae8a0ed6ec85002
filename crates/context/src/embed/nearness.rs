//! How near units and files are to a task, as places in a row.

use super::TaskDirection;
use super::texts::Texts;
use super::vectors::Vectors;
use crate::Digest;
use std::fmt;

/// How many of the nearest count.
const NEAREST_MAX: usize = 100;
/// How slowly the strength falls with the place. Fusion by place (Cormack, Clarke and Büttcher 2009, "Reciprocal rank fusion outperforms
/// Condorcet and individual rank learning methods") needs no scale of cosines, which differs from model to model; that paper has 60, which
/// hardly tells the first from the tenth. Set by hand.
const FALL: f64 = 10.0;

/// How near units and files are to a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nearness {
    /// The model that took part; none where it could not.
    pub model: Option<String>,
    /// What a reader must know: that the model failed, or that something is not embedded yet.
    pub notes: Vec<String>,
    /// Cosines by place in the catalogue.
    units: Vec<Option<f64>>,
    /// Cosines by number in the view.
    files: Vec<Option<f64>>,
}

/// The place of a text among those that are near a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    /// From 0, the nearest.
    place: usize,
    /// How many were compared.
    of: usize,
}

impl Meant {
    /// From 1 for the nearest downward: 10/(10 + place).
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn strength(self) -> f64 {
        FALL / (FALL + self.place as f64)
    }
}

impl fmt::Display for Meant {
    /// `means the like (3rd of 210)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place + 1;
        let ending = match (place % 10, place % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "means the like ({place}{ending} of {})", self.of)
    }
}

impl Nearness {
    pub(super) fn new(model: &str, texts: &Texts, vectors: &Vectors, task: &TaskDirection) -> Self {
        let task = match task {
            Ok(task) => task,
            Err(why) => return Self { notes: vec![format!("ranked by words alone, without the embeddings of {model}: {why}")], ..Self::default() },
        };
        let cosine = |digest: &Option<Digest>| digest.and_then(|digest| vectors.get(&digest)?.cosine(task));
        let units: Vec<Option<f64>> = texts.units.iter().map(cosine).collect();
        let files: Vec<Option<f64>> = texts.files.iter().map(cosine).collect();
        let all = texts.all().count();
        let missing = all - units.iter().chain(&files).flatten().count();
        let notes =
            if missing == 0 { Vec::new() } else { vec![format!("{missing} of {all} texts have no embedding of {model} yet: they are ranked by words alone")] };
        let model = (missing < all).then(|| model.to_owned());
        Self { model, notes, units, files }
    }

    /// The place of each unit among those for which `is_open`; by place in the catalogue.
    pub(crate) fn units(&self, is_open: impl Fn(usize) -> bool) -> Vec<Option<Meant>> {
        let open: Vec<Option<f64>> = self.units.iter().enumerate().map(|(place, cosine)| cosine.filter(|_| is_open(place))).collect();
        places(&open)
    }

    /// The strength of each file, from 0 to 1; by number in the view.
    pub(crate) fn files(&self) -> Vec<f64> {
        places(&self.files).into_iter().map(|meant| meant.map_or(0.0, Meant::strength)).collect()
    }
}

/// The nearest in their order; equal ones by where they stand. What is no nearer than most is not near: every text has some cosine with every
/// other, and only against the rest does it tell something.
fn places(cosines: &[Option<f64>]) -> Vec<Option<Meant>> {
    let mut order: Vec<(usize, f64)> = cosines.iter().enumerate().filter_map(|(at, cosine)| Some((at, (*cosine)?))).collect();
    let of = order.len();
    #[allow(clippy::cast_precision_loss)]
    let mean = order.iter().map(|(_, cosine)| cosine).sum::<f64>() / of.max(1) as f64;
    order.retain(|&(_, cosine)| cosine > 0.0 && cosine >= mean - 1e-9);
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut found = vec![None; cosines.len()];
    order.iter().take(NEAREST_MAX).enumerate().for_each(|(place, &(at, _))| found[at] = Some(Meant { place, of }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_nearest_and_nobody_else() {
        let meant = places(&[Some(0.1), None, Some(0.9), Some(0.5), Some(-0.2), Some(0.5)]);
        let told: Vec<String> = meant.iter().map(|meant| meant.map_or_else(String::new, |meant| meant.to_string())).collect();
        assert_eq!(told, ["", "", "means the like (1st of 5)", "means the like (2nd of 5)", "", "means the like (3rd of 5)"]);
        assert_eq!(places(&[Some(0.0), Some(0.0)]), [None, None]);
        let many: Vec<Option<f64>> = (0..500_i32).map(|at| Some(f64::from(at))).collect();
        assert_eq!(places(&many).iter().flatten().count(), NEAREST_MAX);
    }

    #[test]
    fn strength_falls_from_one_and_ordinals_are_english() {
        let meant = |place| Meant { place, of: 120 };
        assert_eq!((meant(0).strength(), meant(10).strength()), (1.0, 0.5));
        for (place, expected) in [(0, "1st"), (1, "2nd"), (2, "3rd"), (3, "4th"), (10, "11th"), (12, "13th"), (20, "21st"), (110, "111th")] {
            assert_eq!(meant(place).to_string(), format!("means the like ({expected} of 120)"));
        }
    }
}
