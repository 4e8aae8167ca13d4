package import Base
package import Configuration
import Glibc
import Reactor

/// The keys of apps, and what is wrong with the files that have them.
package struct AppKeySet: Sendable {
    package fileprivate(set) var keys: [AppKey] = []
    /// Sentences for the operator: a file that everyone can read.
    package fileprivate(set) var warnings: [String] = []
    package fileprivate(set) var errors: [ConfigurationError] = []
    /// This user may not read a file with a key.
    package fileprivate(set) var denied: PermissionDenied?

    /// The first key that allows this. `nil` if there is none, or if not all keys can be read.
    package func key(with right: AppRights) -> AppKey? { keys.first { $0.rights.contains(right) } }
}

extension ConfigurationFile {
    /// The keys that the settings name, with those that stand in files. `file` is the configuration, for the lines of
    /// mistakes. The settings themselves have no mistakes.
    package static func appKeys(_ settings: Settings, file: String?) -> AppKeySet {
        var reader = KeyFileReader(file: file)
        let app = settings.app
        if !app.key.isEmpty {
            reader.add(AppKey(name: AppKey.plainName, rights: .all, secret: Array(app.key.utf8)), "app.key")
        }
        if !app.keyFile.isEmpty { reader.read(app.keyFile, AppKeySetting(name: AppKey.plainName), "app.key_file") }
        for (at, one) in app.keys.enumerated() {
            let place = "app.keys[\(at + 1)]"
            if one.keyFile.isEmpty {
                reader.add(AppKey(name: one.name, rights: one.may, secret: Array(one.key.utf8)), place + ".key")
            } else {
                reader.read(one.keyFile, one, place + ".key_file")
            }
        }
        return reader.set
    }
}

/// Gathers keys. It goes on after a mistake.
private struct KeyFileReader {
    let file: String?
    var set = AppKeySet()
    /// The settings of the keys, in the order of `set.keys`.
    private var places: [String] = []

    init(file: String?) { self.file = file }

    mutating func add(_ key: AppKey, _ place: String) {
        if let other = set.keys.firstIndex(where: { $0.secret == key.secret }) {
            return wrong(place, "is the same key as that of \(places[other])")
        }
        set.keys.append(key)
        places.append(place)
    }
    mutating func read(_ path: String, _ setting: AppKeySetting, _ place: String) {
        let most = AppKey.secretBytes.upperBound + 3
        do {
            guard let (bytes, mode) = try Files.regular(path, most: most) else {
                return wrong(place, "\(path) is no regular file")
            }
            var secret = bytes
            if secret.last == 10 { secret.removeLast() }
            if secret.last == 13 { secret.removeLast() }
            if let fault = AppKey.fault(ofSecret: secret) {
                return wrong(
                    place, bytes.count == most ? "the key in \(path) is too long" : "the key in \(path) \(fault)")
            }
            if mode & 0o007 != 0 {
                set.warnings.append("\(place): everyone on this machine can use \(path): chmod o= takes that away")
            }
            add(AppKey(name: setting.name, rights: setting.may, secret: secret), place)
        } catch {
            if error.code == EACCES { set.denied = set.denied ?? PermissionDenied(path, R_OK) }
            wrong(place, "\(path): \(String(cString: strerror(error.code)))")
        }
    }
    private mutating func wrong(_ key: String, _ message: String) {
        var line: Int?
        if let file, case .success(let text) = ConfigurationFile.contents(of: file) {
            line = KeyLines(text).line(of: key)
        }
        set.errors.append(ConfigurationError(file: file ?? "defaults", line: line, key: key, message: message))
    }
}
