import Glibc

/// Small files, folders and links. Each needs one call.
package enum Files {
    /// The first bytes of a file, at most so many.
    package static func bytes(_ path: String, most: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(most, 16_384))
        // It may be a key. The caller overwrites what it is given, and this is nobody else's.
        defer { chunk.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
        while bytes.count < most {
            let count = read(descriptor, &chunk, min(chunk.count, most - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read \(path)") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
    /// A regular file with its permissions. Any other file is no home for a key: a pipe would make the reader wait.
    package static func regular(_ path: String, most: Int) throws(SystemError) -> (bytes: [UInt8], mode: UInt32)? {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("open \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (try bytes(path, most: most), status.st_mode & 0o7777)
    }
    /// The same without the permissions, and with an error for any other file.
    package static func regularBytes(_ path: String, most: Int) throws(SystemError) -> [UInt8] {
        guard let file = try regular(path, most: most) else { throw SystemError("\(path) is no regular file", EINVAL) }
        return file.bytes
    }
    /// The first bytes of a file as text. Bytes that are not UTF-8 become U+FFFD.
    package static func text(_ path: String, most: Int = 4 << 20) throws(SystemError) -> String {
        String(decoding: try bytes(path, most: most), as: UTF8.self)
    }

    /// Writes the whole file or nothing: it is written beside the old one and renamed. A file with the same text is
    /// left as it is, and needs no room on a full disk. `mode` has its permissions. `nil` stands for those of any new
    /// file.
    package static func write(_ path: String, _ text: String, mode: UInt32? = nil) throws(SystemError) {
        var status = stat()
        if stat(path, &status) == 0, mode == nil || status.st_mode & 0o7777 == mode, (try? Files.text(path)) == text {
            return
        }
        let beside = path + ".new"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode ?? 0o666)
        guard descriptor >= 0 else { throw SystemError("open \(beside)") }
        if let mode { fchmod(descriptor, mode) }
        let isWhole = writeAll(descriptor, text)
        let reason = errno
        close(descriptor)
        guard isWhole else {
            unlink(beside)
            throw SystemError("write \(path)", reason)
        }
        guard rename(beside, path) == 0 else { throw SystemError("write \(path)") }
    }
    /// Makes a new file. If there is one of that name, whatever it is, the code is EEXIST. A file that could not be
    /// written whole is taken away.
    package static func create(_ path: String, _ text: String, mode: UInt32) throws(SystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        let isWhole = writeAll(descriptor, text)
        let reason = errno
        close(descriptor)
        guard isWhole else {
            unlink(path)
            throw SystemError("write \(path)", reason)
        }
    }
    /// Writes the bytes. False if not all of them were taken.
    @discardableResult
    package static func writeAll(_ descriptor: Int32, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
    }

    /// The names in a folder. Empty if it can't be read.
    package static func names(in folder: String) -> [String] {
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
    /// The target of a link. Empty if it is not known.
    package static func target(of link: String) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { room in
            let count = readlink(link, room.baseAddress.unsafelyUnwrapped, room.count)
            return String(decoding: room.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The file of this program, by the path of its start. Another file may have that path by now.
    package static var ownProgram: String {
        let path = target(of: "/proc/self/exe")
        let mark = " (deleted)"
        return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
    }
    /// The folder of the programs, which is this program's own.
    package static let ownFolder = ownProgram.lastIndex(of: "/").map { String(ownProgram[..<$0]) } ?? "."
}
