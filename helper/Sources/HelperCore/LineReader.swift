import Foundation

/// Cuts a stream into lines of bounded length.
public struct LineReader {
    private var buffer = Data()
    private var long = false

    public init() {}

    /// Takes bytes, and returns the lines that they complete, without line feeds;
    /// nil stands for a line that was too long and is passed over.
    public mutating func take(_ bytes: Data) -> [Data?] {
        var lines: [Data?] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0a) {
            let part = rest[rest.startIndex..<end]
            if long || buffer.count + part.count >= maxLine {
                lines.append(nil)
            } else {
                lines.append(buffer + part)
            }
            buffer.removeAll(keepingCapacity: true)
            long = false
            rest = rest[(end + 1)...]
        }
        if long || buffer.count + rest.count >= maxLine {
            long = true
            buffer.removeAll(keepingCapacity: true)
        } else {
            buffer.append(rest)
        }
        return lines
    }
}
