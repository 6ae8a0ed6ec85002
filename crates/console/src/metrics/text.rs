//! The Prometheus text format, version 0.0.4: `# HELP`, `# TYPE`, then one sample a line.

use super::value::Histogram;
use std::fmt::Write;

/// The content type of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family of samples is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts under bounds.
    Histogram,
}

/// Writes families one after another.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// Begins a family. Its samples must follow before the next family begins.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample with its labels.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        self.labels(labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    /// All samples of a histogram.
    pub(crate) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let (under, number) = histogram.cumulative();
        for (bound, count) in under {
            let bound = scaled(bound, histogram.scale());
            let _ = write!(self.0, "{name}_bucket");
            self.labels(labels, Some(&bound));
            let _ = writeln!(self.0, " {count}");
        }
        let _ = write!(self.0, "{name}_bucket");
        self.labels(labels, Some("+Inf"));
        let _ = writeln!(self.0, " {number}");
        self.sample(&format!("{name}_sum"), labels, scaled(histogram.sum(), histogram.scale()));
        self.sample(&format!("{name}_count"), labels, number);
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn labels(&mut self, labels: &[(&str, &str)], bound: Option<&str>) {
        let mut first = true;
        for (name, value) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            self.0.push(if first { '{' } else { ',' });
            first = false;
            let _ = write!(self.0, "{name}=\"");
            for letter in value.chars() {
                match letter {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        if !first {
            self.0.push('}');
        }
    }
}

/// `value / scale` as an exact decimal number; `scale` is a power of ten.
fn scaled(value: u64, scale: u64) -> String {
    let digits = scale.ilog10() as usize;
    if digits == 0 {
        return value.to_string();
    }
    let text = format!("{}.{:0digits$}", value / scale, value % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(crate) mod grammar {
    //! A strict reader of the format, for tests.

    use std::collections::{BTreeMap, HashSet};

    /// One sample as read: name, labels, value.
    pub(crate) type Sample = (String, BTreeMap<String, String>, f64);

    /// Reads `text`, checking the grammar, that each family is announced once before its samples, that no sample comes
    /// twice, that counters end in `_total`, and that the buckets of a histogram grow and end in `+Inf` = count.
    pub(crate) fn read(text: &str) -> Result<Vec<Sample>, String> {
        assert!(text.ends_with('\n'), "the last line must end");
        let mut families: BTreeMap<String, String> = BTreeMap::new();
        let (mut samples, mut seen, mut current) = (Vec::new(), HashSet::new(), String::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').ok_or(line)?;
                let named = kind != "counter" || name.ends_with("_total");
                if !is_name(name) || !named || families.insert(name.into(), kind.into()).is_some() {
                    return Err(line.into());
                }
                current = name.into();
            } else if !line.starts_with("# HELP ") {
                let sample = read_sample(line)?;
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.0.strip_suffix(end)).unwrap_or(&sample.0);
                if (sample.0 != current && base != current) || !seen.insert(format!("{}{:?}", sample.0, sample.1)) {
                    return Err(format!("out of its family or twice: {line}"));
                }
                samples.push(sample);
            }
        }
        check_histograms(&families, &samples)?;
        Ok(samples)
    }

    fn is_name(name: &str) -> bool {
        !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
    }

    fn read_sample(line: &str) -> Result<Sample, String> {
        let end = line.find(['{', ' ']).ok_or(line)?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = BTreeMap::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                let (label, after) = rest.split_once("=\"").ok_or(line)?;
                let (value, after) = read_quoted(after).ok_or(line)?;
                if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                    return Err(line.into());
                }
                rest = after;
                match rest.as_bytes().first() {
                    Some(b',') => rest = &rest[1..],
                    Some(b'}') => break rest = &rest[1..],
                    _ => return Err(line.into()),
                }
            }
        }
        let value = rest.strip_prefix(' ').ok_or(line)?;
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().map_err(|_| line)? };
        if is_name(name) { Ok((name.into(), labels, value)) } else { Err(line.into()) }
    }

    fn read_quoted(text: &str) -> Option<(String, &str)> {
        let mut value = String::new();
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => return Some((value, &text[at + 1..])),
                '\\' => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    other @ ('\\' | '"') => other,
                    _ => return None,
                }),
                other => value.push(other),
            }
        }
        None
    }

    fn check_histograms(families: &BTreeMap<String, String>, samples: &[Sample]) -> Result<(), String> {
        for (name, _) in families.iter().filter(|(_, kind)| *kind == "histogram") {
            let mut groups: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
            for (_, labels, value) in samples.iter().filter(|(sample, _, _)| *sample == format!("{name}_bucket")) {
                let mut others = labels.clone();
                let bound = others.remove("le").ok_or("a bucket without le")?;
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().map_err(|_| bound)? };
                groups.entry(format!("{others:?}")).or_default().push((bound, *value));
            }
            for (labels, buckets) in groups {
                let count = samples.iter().find(|(sample, others, _)| *sample == format!("{name}_count") && format!("{others:?}") == labels);
                let last = buckets.last().ok_or("no bucket")?;
                let grows = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
                if !grows || last.0.is_finite() || count.is_none_or(|count| (count.2 - last.1).abs() > 0.1) {
                    return Err(format!("{name} {labels} {buckets:?}"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_histograms_are_cumulative() {
        let mut text = Text::default();
        text.family("a_total", Kind::Counter, "What\nit is.");
        text.sample("a_total", &[("class", "x\"\\\ny")], 3);
        let histogram = Histogram::new(&[1_000, 2_500_000], 1_000_000);
        histogram.observe(1_500_000);
        histogram.observe(9_000_000);
        text.family("b_seconds", Kind::Histogram, "Time.");
        text.histogram("b_seconds", &[], &histogram);
        let text = text.finish();
        assert!(
            text.contains("b_seconds_bucket{le=\"0.001\"} 0\nb_seconds_bucket{le=\"2.5\"} 1\nb_seconds_bucket{le=\"+Inf\"} 2\nb_seconds_sum 10.5\n"),
            "{text}"
        );
        let samples = grammar::read(&text).unwrap();
        assert_eq!(samples[0].1["class"], "x\"\\\ny");
    }

    #[test]
    fn the_reader_of_the_format_finds_mistakes() {
        for text in ["a 1\n", "# TYPE a counter\na 1\n", "# TYPE a gauge\na{x=\"1} 1\n", "# TYPE a gauge\na 1\na 1\n", "# TYPE a gauge\na one\n"] {
            assert!(grammar::read(text).is_err(), "{text}");
        }
    }
}
