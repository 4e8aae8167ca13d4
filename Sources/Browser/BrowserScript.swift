import Base

/// The script that a worker serves at `/_/megacomet.js`. It is the file beside this one, compiled in, so that there is
/// only one copy.
package enum BrowserScript {
    package static let bytes: [UInt8] = PackageResources.megacomet_js

    /// A strong entity tag (RFC 9110, 8.8.3) with its quotes: FNV-1a of 64 bits. Every worker has the same tag for the
    /// same bytes.
    package static let etag: String = {
        let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "\"\(hex(hash, digits: 16))\""
    }()
}
