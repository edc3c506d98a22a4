//! Floats as text: the shortest digits that read back as the same number, in PostgreSQL's notation.

use num_bigint::BigUint;

/// REAL as PostgreSQL shows it: `1e+06`, `0.1`, `NaN`, `-Infinity`.
pub(crate) fn float4_to_text(value: f32) -> String {
    let shortest = format!("{value:e}");
    let exact = |precision: usize| format!("{value:.precision$e}");
    let midpoint_free = |text: &str| {
        let bits = value.to_bits();
        let mantissa = u64::from(bits & 0x7F_FFFF | 0x80_0000);
        let exponent = (bits >> 23 & 0xFF) as i32 - 150;
        text.parse() == Ok(value) && !is_midpoint(text, mantissa, exponent)
    };
    notation(&digits_inside(shortest, exact, midpoint_free, 9), 6)
}

/// DOUBLE PRECISION as PostgreSQL shows it: `1e+20`, `0.1`, `NaN`, `-Infinity`.
pub(crate) fn float8_to_text(value: f64) -> String {
    let shortest = format!("{value:e}");
    let exact = |precision: usize| format!("{value:.precision$e}");
    let midpoint_free = |text: &str| {
        let bits = value.to_bits();
        let mantissa = bits & 0xF_FFFF_FFFF_FFFF | 0x10_0000_0000_0000;
        let exponent = (bits >> 52 & 0x7FF) as i32 - 1075;
        text.parse() == Ok(value) && !is_midpoint(text, mantissa, exponent)
    };
    notation(&digits_inside(shortest, exact, midpoint_free, 17), 15)
}

/// The shortest digits strictly inside the interval that rounds to the number. Rust's shortest form may lie exactly
/// between two floats (then it reads back by the rule of the even mantissa), which PostgreSQL avoids: `1e23` is shown as
/// `9.999999999999999e+22`.
fn digits_inside(
    shortest: String,
    exact: impl Fn(usize) -> String,
    inside: impl Fn(&str) -> bool,
    digits_max: usize,
) -> String {
    if !shortest.ends_with(|c: char| c.is_ascii_digit()) || inside(&shortest) {
        return shortest;
    }
    (0..digits_max)
        .map(exact)
        .find(|text| inside(text))
        .unwrap_or(shortest)
}

/// Whether decimal text `d.ddde<q>` is exactly half way between `mantissa * 2^exponent` and a neighbour. That takes an
/// integer above the mantissa's bits, so only large numbers are looked at.
fn is_midpoint(text: &str, mantissa: u64, exponent: i32) -> bool {
    let Some((digits, power)) = text.split_once('e') else {
        return false;
    };
    let digits = digits.trim_start_matches('-');
    let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len()) as i32;
    let power = power.parse::<i32>().unwrap_or(0) - fraction;
    if exponent < 1 || !(0..=30).contains(&power) {
        return false;
    }
    let Ok(digits) = digits.replace('.', "").parse::<u64>() else {
        return false;
    };
    let value = BigUint::from(digits) * BigUint::from(10u8).pow(power as u32);
    let half = |odd: u64| BigUint::from(odd) << (exponent - 1) as usize;
    value == half(mantissa * 2 + 1) || value == half(mantissa * 2 - 1)
}

/// From `-d.ddde<x>` to PostgreSQL's notation, with an exponent from 10^`exponent_min` and below 10^-4.
fn notation(scientific: &str, exponent_min: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return match scientific {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            other => other.to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    if exponent < -4 || exponent >= exponent_min {
        let side = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{side}{:02}", exponent.abs());
    }
    let digits = mantissa.replace('.', "");
    if exponent < 0 {
        let zeros = "0".repeat((-exponent - 1) as usize);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    match digits.split_at_checked(whole) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<whole$}"),
    }
}
