import Base

/// What workers serve to pages and their builders. The files beside this one are compiled in, so that there is only one
/// copy of each.
package struct BrowserScript {
    package let bytes: [UInt8]
    /// A strong entity tag (RFC 9110, 8.8.3) with its quotes. Every worker has the same tag for the same bytes.
    package let etag: String

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // FNV-1a of 64 bits.
        let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        etag = "\"\(hex(hash, digits: 16))\""
    }

    package static let script = BrowserScript(ShortScript(PackageResources.megacomet_js).bytes)
    package static let module = BrowserScript(script.bytes + Array("export default MegaComet;\n".utf8))
    package static let types = BrowserScript(PackageResources.megacomet_d_ts)
}
