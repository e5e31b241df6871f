//! Quantiles of Student's t distribution.

/// 97.5 % quantiles for 1 to 9 degrees of freedom, where the expansion is not
/// exact enough: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
const FEW: [f64; 9] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
];

/// 97.5 % quantile of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantile for `degrees` of freedom, to three digits behind the
/// point; infinite for none. From ten degrees on it is the Cornish-Fisher
/// expansion: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
pub(super) fn quantile_975(degrees: u32) -> f64 {
    let Some(index) = degrees.checked_sub(1) else {
        return f64::INFINITY;
    };
    if let Some(quantile) = FEW.get(index as usize) {
        return *quantile;
    }
    let x = NORMAL;
    let (x3, x5, x7) = (x.powi(3), x.powi(5), x.powi(7));
    let terms = [
        (x3 + x) / 4.0,
        (5.0 * x5 + 16.0 * x3 + 3.0 * x) / 96.0,
        (3.0 * x7 + 19.0 * x5 + 17.0 * x3 - 15.0 * x) / 384.0,
    ];
    let step = 1.0 / f64::from(degrees);
    x + terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| (sum + term) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
        for (degrees, quantile) in [
            (1, 12.706),
            (9, 2.262),
            (10, 2.228),
            (11, 2.201),
            (15, 2.131),
            (20, 2.086),
            (30, 2.042),
            (40, 2.021),
            (63, 1.998),
            (100, 1.984),
        ] {
            let difference = quantile_975(degrees) - quantile;
            assert!(difference.abs() < 0.0006, "{degrees}: {difference}");
        }
        assert_eq!(quantile_975(0), f64::INFINITY);
    }

    #[test]
    fn more_degrees_are_narrower() {
        let quantiles: Vec<_> = (1..200).map(quantile_975).collect();
        assert!(quantiles.is_sorted_by(|a, b| a > b), "{quantiles:?}");
    }
}
