import ArgumentParser
import Configuration
import ConfigurationFile
import Supervision

// What a shell offers in the place of an argument, beside the words that swift-argument-parser knows itself.
extension CompletionKind {
    /// manager, worker-0 ..: those of the file that the line names, or else of the one that would be read.
    static var processName: CompletionKind {
        .custom { words, _, _ in Fleet.names(workers: Completions.settings(words).workers.count).map(\.description) }
    }
    static var crashReport: CompletionKind {
        .custom { words, _, _ in
            CrashFolder(path: RunFolder(path: RunDirectory.find(Completions.settings(words))).crashes).ids()
        }
    }
    static var configurationFile: CompletionKind { .file(extensions: ["toml"]) }
}

enum Completions {
    static func settings(_ words: [String]) -> Settings {
        var option = ConfigurationOption()
        option.file = words.indices.dropLast().last { ["-c", "--config"].contains(words[$0]) }.map { words[$0 + 1] }
        guard case .settings(let settings) = option.source().load() else { return Settings() }
        return settings
    }
}
