//! A reader of zip archives: the central directory, and members that are stored, deflated, or compressed with Zstandard. Every length is checked
//! against the bytes that are there, and what comes out is bounded.
//!
//! The layout is that of PKWARE's APPNOTE 6.3.10: section 4.3.16 (end of central directory), 4.3.12 (its entries), 4.3.7 (local headers),
//! 4.4.5 (methods: 0, 8 and 93). Archives in several parts, encrypted ones, and those beyond 4 GiB (zip64) are refused.

use std::io::Read;

/// The most that one member may become, in bytes.
const MEMBER_BYTES_MAX: u64 = 256 << 20;
/// The most members.
const MEMBERS_MAX: usize = 200_000;

/// A member of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    method: u16,
    is_encrypted: bool,
    compressed: usize,
    size: u64,
    at: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn index(bytes: &[u8], at: usize) -> Option<usize> {
    u32_at(bytes, at).and_then(|value| usize::try_from(value).ok())
}

/// The members, as the central directory lists them.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<Member>, String> {
    let end = end_of_directory(bytes).ok_or("it has no list of its members; it was not written to its end, or is no zip archive")?;
    let (count, mut at) = (u16_at(bytes, end + 10).map(usize::from).unwrap_or_default(), index(bytes, end + 16).unwrap_or(usize::MAX));
    if count == usize::from(u16::MAX) || at == 0xffff_ffff {
        return Err("it is larger than 4 GiB or has more than 65,534 members (zip64)".to_owned());
    }
    let mut members = Vec::new();
    for _ in 0..count.min(MEMBERS_MAX) {
        let (member, next) = member(bytes, at).ok_or("the list of its members is broken")?;
        members.push(member);
        at = next;
    }
    Ok(members)
}

/// Where the last record begins; a comment of at most 65,535 bytes may follow it.
fn end_of_directory(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(22)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|&at| bytes[at..].starts_with(b"PK\x05\x06"))
}

/// The entry of the directory at `at`, and where the next one begins.
fn member(bytes: &[u8], at: usize) -> Option<(Member, usize)> {
    if !bytes.get(at..)?.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (name, extra, comment) = (u16_at(bytes, at + 28)?, u16_at(bytes, at + 30)?, u16_at(bytes, at + 32)?);
    let name_end = (at + 46).checked_add(name.into())?;
    let member = Member {
        name: String::from_utf8_lossy(bytes.get(at + 46..name_end)?).into_owned(),
        method: u16_at(bytes, at + 10)?,
        is_encrypted: u16_at(bytes, at + 8)? & 1 != 0,
        compressed: index(bytes, at + 20)?,
        size: u32_at(bytes, at + 24)?.into(),
        at: index(bytes, at + 42)?,
    };
    Some((member, name_end + usize::from(extra) + usize::from(comment)))
}

/// The contents of a member.
pub(super) fn contents(bytes: &[u8], member: &Member) -> Result<Vec<u8>, String> {
    if member.is_encrypted {
        return Err("it is encrypted".to_owned());
    }
    let data = data(bytes, member).ok_or("it lies outside of the archive")?;
    let mut contents = Vec::new();
    let read = match member.method {
        0 => bounded(data, &mut contents),
        8 => bounded(flate2::read::DeflateDecoder::new(data), &mut contents),
        93 => match ruzstd::decoding::StreamingDecoder::new(data) {
            Ok(decoder) => bounded(decoder, &mut contents),
            Err(error) => return Err(format!("its compression is broken: {error}")),
        },
        other => return Err(format!("it is compressed by method {other}, and 0, 8 and 93 are read")),
    };
    read.map_err(|error| format!("its compression is broken: {error}"))?;
    if contents.len() as u64 != member.size {
        return Err(format!("it has {} bytes or more, and the list says {}", contents.len(), member.size));
    }
    Ok(contents)
}

fn bounded(reader: impl Read, contents: &mut Vec<u8>) -> std::io::Result<usize> {
    reader.take(MEMBER_BYTES_MAX).read_to_end(contents)
}

/// The bytes of a member as they lie in the archive, behind its local header.
fn data<'b>(bytes: &'b [u8], member: &Member) -> Option<&'b [u8]> {
    if !bytes.get(member.at..)?.starts_with(b"PK\x03\x04") {
        return None;
    }
    let start = member.at.checked_add(30)?.checked_add(u16_at(bytes, member.at + 26)?.into())?.checked_add(u16_at(bytes, member.at + 28)?.into())?;
    bytes.get(start..start.checked_add(member.compressed)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    /// An archive with members by method, for tests.
    pub(crate) fn archive(members: &[(&str, &[u8], u16)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, contents, method) in members {
            let data = match method {
                8 => {
                    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                    encoder.write_all(contents).unwrap();
                    encoder.finish().unwrap()
                }
                93 => ruzstd::encoding::compress_to_vec(*contents, ruzstd::encoding::CompressionLevel::Fastest),
                _ => contents.to_vec(),
            };
            let sizes = [0, data.len() as u32, contents.len() as u32].map(u32::to_le_bytes).concat();
            let head = [20_u16, 0, *method, 0, 0].map(u16::to_le_bytes).concat();
            let name_len = (name.len() as u16).to_le_bytes();
            directory.extend(
                [b"PK\x01\x02".as_slice(), &[20, 0], &head, &sizes, &name_len, &[0; 12], &(bytes.len() as u32).to_le_bytes(), name.as_bytes()].concat(),
            );
            bytes.extend([b"PK\x03\x04".as_slice(), &head, &sizes, &name_len, &[0; 2], name.as_bytes(), &data].concat());
        }
        let count = (members.len() as u16).to_le_bytes();
        let end =
            [b"PK\x05\x06".as_slice(), &[0; 4], &count, &count, &(directory.len() as u32).to_le_bytes(), &(bytes.len() as u32).to_le_bytes(), &[0; 2]].concat();
        [bytes, directory, end].concat()
    }

    #[test]
    fn members_of_every_method() {
        let text = b"{\"a\": 1}".repeat(50);
        let bytes = archive(&[("a.json", &text, 0), ("b/c.json", &text, 8), ("d.json", &text, 93), ("e", b"", 93)]);
        let members = members(&bytes).unwrap();
        assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["a.json", "b/c.json", "d.json", "e"]);
        for member in &members[..3] {
            assert_eq!(contents(&bytes, member).as_deref(), Ok(text.as_slice()), "{}", member.name);
        }
    }

    #[test]
    fn broken_archives_are_refused() {
        let bytes = archive(&[("a", b"text", 8), ("b", b"text", 12)]);
        assert!(members(b"PK\x03\x04").is_err());
        assert!(members(&bytes[..bytes.len() - 30]).is_err());
        let list = members(&bytes).unwrap();
        assert_eq!(contents(&bytes, &list[1]), Err("it is compressed by method 12, and 0, 8 and 93 are read".to_owned()));
        assert!(contents(&bytes[..40], &list[1]).is_err());
        assert!(contents(&bytes, &Member { size: 3, ..members(&bytes).unwrap().remove(0) }).is_err());
        assert!(contents(&bytes, &Member { at: usize::MAX, ..members(&bytes).unwrap().remove(0) }).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            let mut bytes = archive(&[("a", b"some text some text", 8), ("b", b"some text", 93)]);
            let (at, cut) = (at % bytes.len(), bytes.len() - cut % bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut);
            for member in members(&bytes).unwrap_or_default() {
                let _ = contents(&bytes, &member);
            }
        }
    }
}
