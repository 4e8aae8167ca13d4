import Foundation

/// The contents of Package.swift: its targets, and the picture in its head.
struct Picture {
    struct Target {
        let name: String
        let folder: String
        let dependencies: [String]
        /// It is C, or a module map, and has no Swift files.
        let isC: Bool
    }
    let targets: [Target]
    /// The rows of the picture from the top, each with its names.
    let rows: [[String]]

    /// The product of a package has a module of the same name, except for these.
    private static let products = [
        "log": "Logging", "arguments": "ArgumentParser", "toml": "TOMLKit", "histogram": "Histogram",
    ]

    init(_ file: Tree.File) {
        let text = file.lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
        let declarations = text.matches(of: #/\.(target|systemLibrary|executableTarget|testTarget)\(/#)
        targets = declarations.indices.map { index in
            let end = index + 1 < declarations.count ? declarations[index + 1].range.lowerBound : text.endIndex
            return Picture.target(
                String(declarations[index].output.1), text[declarations[index].range.upperBound..<end])
        }
        let names = Set(targets.map(\.name))
        let comments = file.lines.dropFirst().prefix { $0.hasPrefix("//") }
        rows = comments.compactMap { line in
            // Words behind three spaces, to the right of the names, explain them. They are no names.
            let words = line.split { !$0.isLetter }.map(String.init).filter(names.contains)
            return words.isEmpty ? nil : words
        }
    }
    private static func target(_ kind: String, _ text: Substring) -> Target {
        func first(_ pattern: Regex<(Substring, Substring)>) -> String? {
            text.firstMatch(of: pattern).map { String($0.output.1) }
        }
        let name = first(#/name: "([^"]+)"/#) ?? ""
        let list = first(#/dependencies: \[([^\]]*)\]/#) ?? ""
        // A comma may stand behind the last one.
        let dependencies = list.split(separator: ",").compactMap { word -> String? in
            let bare = word.trimmingCharacters(in: CharacterSet(charactersIn: " \n\""))
            return bare.isEmpty ? nil : products[bare] ?? bare
        }
        let folder = first(#/path: "([^"]+)"/#) ?? (kind == "testTarget" ? "Tests/" : "Sources/") + name
        return Target(
            name: name, folder: folder, dependencies: dependencies,
            isC: name.hasPrefix("C") && name.dropFirst().first?.isUppercase == true)
    }

    /// The files of a target: those under its folder, without those of another target's folder inside it.
    func files(of target: Target) -> [Tree.File] {
        let inner = targets.map(\.folder).filter { $0.hasPrefix(target.folder + "/") }
        return Tree.files(under: target.folder).filter { file in
            file.isSwift && !inner.contains { file.path.hasPrefix($0 + "/") }
        }
    }
}
