import Foundation

/// The files of the project on disk, for tests that read them as text.
struct Tree {
    struct File {
        /// The path from the root of the project: `Sources/Wire/Frame.swift`.
        let path: String
        let lines: [Substring]

        var isSwift: Bool { path.hasSuffix(".swift") }
        /// The modules that it imports, with any access.
        var imports: [String] {
            lines.compactMap { line in
                let words = line.split(separator: " ", omittingEmptySubsequences: false)
                guard let at = words.firstIndex(of: "import"), at <= 2, at + 1 < words.count else { return nil }
                let before = words[..<at].allSatisfy {
                    ["package", "public", "internal", "private", "@testable"].contains($0)
                }
                return before ? String(words[at + 1]) : nil
            }
        }
    }
    /// Modules of the language and the system.
    static let systemModules: Set<String> = [
        "Glibc", "Foundation", "FoundationEssentials", "Testing", "PackageDescription",
    ]

    static let root = String(
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/"))

    /// The files under a folder, in order. None if there is no such folder.
    static func files(under folder: String) -> [File] {
        let paths = (FileManager.default.subpaths(atPath: root + "/" + folder) ?? []).sorted()
        return paths.compactMap { file(folder + "/" + $0) }
    }
    /// `nil` for folders, and for files that are no text.
    static func file(_ path: String) -> File? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder), !isFolder.boolValue,
            let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8)
        else { return nil }
        return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
    static var swiftFiles: [File] {
        (["Sources", "Dashboard", "Tests"].flatMap(files) + [file("Package.swift")].compactMap { $0 }).filter(\.isSwift)
    }
}
