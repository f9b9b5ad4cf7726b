import Foundation

/// A file that has its name only when it is complete.
final class PartFile {
    private let path: String
    private var fd: Int32

    private var part: String { path + ".part" }

    /// Makes the file anew. Nothing that is under the name is followed or kept.
    /// Throws Failure.
    init(_ path: String) throws {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        fd = open(path + ".part", flags, 0o600)
        if fd < 0 && errno == EEXIST {
            unlink(path + ".part")
            fd = open(path + ".part", flags, 0o600)
        }
        if fd < 0 { throw Failure.file(errno, "make the file") }
    }

    deinit { remove() }

    /// Throws Failure.
    func write(_ data: Data) throws {
        try data.withUnsafeBytes { (all: UnsafeRawBufferPointer) in
            var rest = all[...]
            while !rest.isEmpty {
                let n = systemWrite(fd, UnsafeRawBufferPointer(rebasing: rest))
                if n < 0 && errno == EINTR { continue }
                if n <= 0 { throw Failure.file(errno, "write the file") }
                rest = rest.dropFirst(n)
            }
        }
    }

    /// Gives the file its name. Throws Failure.
    func commit() throws {
        let closed = close(fd)
        fd = -1
        if closed != 0 {
            let e = errno
            unlink(part)
            throw Failure.file(e, "close the file")
        }
        if rename(part, path) != 0 {
            let e = errno
            unlink(part)
            throw Failure.file(e, "name the file")
        }
    }

    /// Takes the file away, unless it has its name.
    func remove() {
        if fd >= 0 {
            close(fd)
            fd = -1
            unlink(part)
        }
    }
}

func systemWrite(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(fd, bytes.baseAddress, bytes.count)
}
