import ArgumentParser
import Configuration
import ConfigurationFile
import Supervision

// The words that a shell offers for an argument, beside those that swift-argument-parser knows itself.
extension CompletionKind {
    /// The names of processes, manager, worker-0 and so on. They are those of the file that the line names, or of
    /// the file that would be read.
    static var processName: CompletionKind {
        .custom { words, _, _ in Listeners.names(Completions.settings(words)).map(\.description) }
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
