// Numbers as digits of a fixed count.

/// The value of a hexadecimal digit in large or small letters. `nil` for any other byte.
@inlinable @inline(__always) package func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

/// The number in hexadecimal, in small letters. Zeros in front fill it up to `digits`.
package func hex(_ value: some FixedWidthInteger & UnsignedInteger, digits: Int) -> String {
    withZeros(String(value, radix: 16), digits)
}

/// The number in decimal. Zeros in front fill it up to `digits`.
package func decimal(_ value: some FixedWidthInteger & UnsignedInteger, digits: Int) -> String {
    withZeros(String(value), digits)
}

/// A number with so many digits behind the point. It needs no Foundation. A question mark stands for a number that is
/// too large to be one.
package func decimals(_ value: Double, _ count: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "?" }
    var factor: Int64 = 1
    for _ in 0..<count { factor *= 10 }
    let scaled = Int64((abs(value) * Double(factor)).rounded())
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard count > 0 else { return sign + String(scaled) }
    return sign + String(scaled / factor) + "." + decimal(UInt64(scaled % factor), digits: count)
}

/// Bytes as hexadecimal digits in small letters, and back. `nil` if the text is none.
package func hex(_ bytes: [UInt8]) -> String { bytes.map { hex($0, digits: 2) }.joined() }
package func bytes(hex text: some StringProtocol) -> [UInt8]? {
    let digits = text.utf8.compactMap { hexDigit($0) }
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func withZeros(_ text: String, _ digits: Int) -> String {
    String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
