import Base

/// The files that each worker serves to pages and their builders (docs/protocol.txt, 12).
package enum PageFile: CaseIterable {
    case script, module, types

    init?(path: UnsafeRawBufferPointer) {
        guard let file = Self.allCases.first(where: { matches(path, $0.path) }) else { return nil }
        self = file
    }
    private var path: StaticString {
        switch self {
        case .script: "/_/megacomet.js"
        case .module: "/_/megacomet.mjs"
        case .types: "/_/megacomet.d.ts"
        }
    }
    var contentType: StaticString { self == .types ? "application/typescript" : "text/javascript" }

    package struct Content {
        package let bytes: [UInt8]
        /// With its quotes.
        package let etag: String
        package init(_ bytes: [UInt8], etag: String) {
            self.bytes = bytes
            self.etag = etag
        }
    }
}
