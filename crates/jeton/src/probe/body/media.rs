//! A picture and a document, as small as they can be and still be read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Pixels of each side. Smaller pictures are refused by some providers, or seen as nothing.
const SIDE: u32 = 64;

/// A red square as PNG (W3C, "Portable Network Graphics", third edition: signature, IHDR, PLTE, IDAT, IEND), in Base64. One bit a
/// pixel, in a block of deflate that is stored, so that no compressor is needed.
pub(super) fn png() -> String {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // One bit a pixel, by palette, without interlacing.
    head.extend_from_slice(&[1, 3, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &head);
    chunk(&mut file, b"PLTE", &[0xE0, 0x00, 0x00]);
    // Each row begins with its filter: none. All pixels have the palette's first colour.
    chunk(&mut file, b"IDAT", &stored(&vec![0; (SIDE * (1 + SIDE / 8)) as usize]));
    chunk(&mut file, b"IEND", &[]);
    STANDARD.encode(file)
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let named = [kind.as_slice(), data].concat();
    file.extend_from_slice(&u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    file.extend_from_slice(&named);
    file.extend_from_slice(&crc32(&named).to_be_bytes());
}

/// Bytes as a zlib stream of one stored block (RFC 1950, RFC 1951 §3.2.4); at most 65,535.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(data);
    stream.extend_from_slice(&adler32(data).to_be_bytes());
    stream
}

/// CRC-32 (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Adler-32 (RFC 1950).
fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    (high << 16) | low
}

/// The word in the document.
pub(crate) const WORD: &str = "PELICAN";

/// One page with one word as PDF 1.4 (ISO 32000-1, §7.5: header, objects, cross-reference table, trailer), in Base64.
pub(super) fn pdf() -> String {
    let content = format!("BT /F1 36 Tf 40 90 Td ({WORD}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", objects.len() + 1, file.len());
    STANDARD.encode(file + &table + &trailer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_the_published_ones() {
        // Check values: CRC-32/ISO-HDLC of "123456789", Adler-32 of "Wikipedia".
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn the_picture_is_a_png_whose_pixels_inflate() {
        use std::io::Read;
        let file = STANDARD.decode(png()).unwrap();
        let at = file.windows(4).position(|name| name == b"IDAT").unwrap();
        let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
        let mut pixels = Vec::new();
        flate2::read::ZlibDecoder::new(&file[at + 4..at + 4 + length]).read_to_end(&mut pixels).unwrap();
        assert_eq!(pixels.len(), 64 * 9);
        assert!(file.ends_with(b"\0\0\0\0IEND\xaeB`\x82"), "the end with its known checksum");
    }

    #[test]
    fn every_object_of_the_document_stands_where_its_table_says() {
        let file = String::from_utf8(STANDARD.decode(pdf()).unwrap()).unwrap();
        let (_, behind) = file.rsplit_once("startxref\n").unwrap();
        let start: usize = behind.lines().next().unwrap().parse().unwrap();
        let table: Vec<&str> = file[start..].lines().collect();
        assert_eq!(table[..2], ["xref", "0 6"]);
        for number in 1..=5 {
            let place: usize = table[2 + number][..10].parse().unwrap();
            assert!(file[place..].starts_with(&format!("{number} 0 obj\n")), "object {number}");
        }
        assert!(file.contains(WORD));
    }
}
