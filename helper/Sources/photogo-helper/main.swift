// Speaks docs/HELPER_PROTOCOL.md on stdin and stdout.
import Foundation
import HelperCore
import PhotosBackend

becomeResponsible()
signal(SIGPIPE, SIG_IGN)

/// Writes a line to photogo. Without a photogo there is nothing to do.
func send(_ line: Data) {
    var rest = line[...]
    while !rest.isEmpty {
        let n = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { exit(0) }
        rest = rest.dropFirst(n)
    }
}

let server = Server(source: PhotoLibrary(), output: send, end: { exit($0) })

// PhotoKit wants a main thread that is free.
Thread.detachNewThread {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let n = read(STDIN_FILENO, &buffer, buffer.count)
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { break }
        server.take(Data(buffer[..<n]))
    }
    server.close()
}
dispatchMain()
