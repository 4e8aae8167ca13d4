import Glibc

/// A thread that makes a file durable, so that the loop never waits for the disk. It shares only two pipes with the
/// loop: a byte in one asks, and the answer in the other has the errno of fdatasync(2), or 0.
package final class DiskSync {
    private let ask: Int32
    private let answers: Int32
    private var watcher: IOWatcher?
    private(set) package var isBusy = false
    private var began: UInt64 = 0
    /// Microseconds of the longest one since the last call of `takeLongest`.
    private var longest: UInt64 = 0
    private let done: (Int32) -> Void

    /// `done` is called on the loop, with the errno or 0.
    package init(_ loop: Loop, file: Int32, done: @escaping (Int32) -> Void) throws(SystemError) {
        self.done = done
        var (asking, answering): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard pipe(&asking) == 0, pipe(&answering) == 0 else { throw SystemError("pipe") }
        for end in asking + answering { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (ask, answers) = (asking[1], answering[0])
        _ = fcntl(answers, F_SETFL, O_NONBLOCK)
        try DiskSync.start(file: file, reading: asking[0], writing: answering[1])
        watcher = IOWatcher(loop, answers, .read, isFirst: true) { [unowned self] _ in answered() }
    }

    private struct Work {
        let file: Int32
        let reading: Int32
        let writing: Int32
    }
    private static func start(file: Int32, reading: Int32, writing: Int32) throws(SystemError) {
        let work = UnsafeMutablePointer<Work>.allocate(capacity: 1)
        work.initialize(to: Work(file: file, reading: reading, writing: writing))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { work in
                guard let own = work?.assumingMemoryBound(to: Work.self).move() else { return nil }
                var byte: UInt8 = 0
                while read(own.reading, &byte, 1) == 1 {
                    var code: Int32 = fdatasync(own.file) == 0 ? 0 : errno
                    _ = write(own.writing, &code, 4)
                }
                return nil
            }, work)
        guard failure == 0 else { throw SystemError("pthread_create", failure) }
        pthread_detach(thread)
    }

    /// Asks for all that was written until now. Only if it is not busy.
    package func begin() {
        precondition(!isBusy, "one sync at a time")
        isBusy = true
        began = Clock.monotonicNanoseconds
        var byte: UInt8 = 1
        _ = write(ask, &byte, 1)
    }
    private func answered() {
        var code: Int32 = 0
        guard read(answers, &code, 4) == 4 else { return }
        isBusy = false
        longest = max(longest, (Clock.monotonicNanoseconds - began) / 1000)
        done(code)
    }
    package func takeLongest() -> UInt64 {
        defer { longest = 0 }
        return longest
    }
}
