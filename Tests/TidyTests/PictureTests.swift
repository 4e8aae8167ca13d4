import Testing

/// Package.swift is the map of the project, and it is true.
struct PictureTests {
    let picture: Picture

    init() throws { picture = Picture(try #require(Tree.file("Package.swift"))) }

    @Test func everyTarget_hasFiles() {
        #expect(picture.targets.count > 20)
        for target in picture.targets where !target.isC {
            #expect(!picture.files(of: target).isEmpty, "\(target.name): no Swift file under \(target.folder)")
        }
    }

    @Test func everyImport_isDeclared() {
        for target in picture.targets {
            let known = Tree.systemModules.union(target.dependencies)
            for file in picture.files(of: target) {
                for module in file.imports where !known.contains(module) {
                    Issue.record(
                        "\(file.path) imports \(module), which is no dependency of \(target.name) in Package.swift")
                }
            }
        }
    }

    /// A test target may depend on a program that it starts.
    @Test func everyDependency_isImported() {
        let programs = Set(picture.targets.filter { $0.name.hasPrefix("mega") }.map(\.name))
        for target in picture.targets where !target.isC {
            let imports = Set(picture.files(of: target).flatMap(\.imports))
            for name in target.dependencies where !imports.contains(name) && !programs.contains(name) {
                Issue.record("\(target.name) depends on \(name) in Package.swift, and no file of it imports that")
            }
        }
    }

    @Test func everyModule_isInThePicture() {
        let drawn = Set(picture.rows.flatMap { $0 })
        for target in picture.targets where !target.folder.hasPrefix("Tests/") {
            #expect(drawn.contains(target.name), "\(target.name) is not in the picture at the head of Package.swift")
        }
    }

    @Test func arrows_pointDown() {
        var row: [String: Int] = [:]
        for (number, names) in picture.rows.enumerated() {
            for name in names {
                #expect(row[name] == nil, "\(name) is in the picture twice")
                row[name] = number
            }
        }
        for target in picture.targets {
            guard let own = row[target.name] else { continue }
            for name in target.dependencies {
                guard let other = row[name] else { continue }
                #expect(other > own, "\(target.name) depends on \(name), which the picture does not draw below it")
            }
        }
    }

    /// The layers above the model decide what is drawn, and in which colour.
    @Test func watch_knowsNoScreen() {
        let forbidden: Set<Substring> = ["Grid", "Cell", "Line", "Page", "Terminal", "Views"]
        for file in ["Sources/Watch", "Dashboard/Model"].flatMap(Tree.files) {
            for (number, line) in file.lines.enumerated() {
                let words = Set(line.split { !$0.isLetter })
                #expect(words.isDisjoint(with: forbidden), "\(file.path):\(number + 1) speaks of the screen")
            }
        }
    }
}
