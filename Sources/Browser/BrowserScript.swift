/// The browser's side, as a worker serves it at `/_/megacomet.js`: the file beside this one, compiled in, so that there
/// is one copy.
package enum BrowserScript {
    package static let bytes: [UInt8] = PackageResources.megacomet_js

    /// A strong entity tag (RFC 9110, 8.8.3) with its quotes: the same for the same bytes, in every worker. FNV-1a, 64
    /// bits.
    package static let etag: String = {
        let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return "\"" + String(repeating: "0", count: 16 - digits.utf8.count) + digits + "\""
    }()
}
