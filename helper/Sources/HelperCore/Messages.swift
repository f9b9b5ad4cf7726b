import Foundation

/// The version of docs/HELPER_PROTOCOL.md that the helper speaks.
public let protocolVersion = 1

/// The longest line of the protocol, with its line feed.
public let maxLine = 65_536

/// The resource types that can be asked for, by the raw values of
/// PHAssetResourceType.
public enum ResourceType: Int, CaseIterable, Sendable {
    case photo = 1
    case video = 2
    case audio = 3
    case alternatePhoto = 4
    case fullSizePhoto = 5
    case fullSizeVideo = 6
    case adjustmentData = 7
    case adjustmentBasePhoto = 8
    case pairedVideo = 9
    case fullSizePairedVideo = 10
    case adjustmentBasePairedVideo = 11
    case adjustmentBaseVideo = 12

    public var name: String { String(describing: self) }

    private static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

    public init?(name: String) {
        guard let type = Self.named[name] else { return nil }
        self = type
    }
}

/// How the helper is to work, from photogo's hello.
public struct Settings: Equatable, Sendable {
    public var jobs = 3
    public var stall: TimeInterval = 120
    public var grace: TimeInterval = 5
    public var abandon = 3
    public var tries = 2

    public init() {}
}

/// A request for one resource.
public struct FetchRequest: Equatable, Sendable {
    public var id: Int64
    public var asset: String
    public var types: [ResourceType]
    public var uti: String
    public var path: String
    public var limit: Int64
    public var local: Bool
}

/// What photogo says.
public enum Request: Equatable, Sendable {
    case hello(version: Int, Settings)
    case status(id: Int64, probe: [String])
    case authorize(id: Int64)
    case fetch(FetchRequest)
    case cancel(id: Int64)
    case quit
}

public struct Nonsense: Error, Equatable {
    public let message: String
}

extension Request {
    private struct Wire: Decodable {
        var op: String
        var `protocol`: Int?
        var id: Int64?
        var jobs: Int?
        var stall: Int64?
        var grace: Int64?
        var abandon: Int?
        var tries: Int?
        var probe: [String]?
        var asset: String?
        var types: [String]?
        var uti: String?
        var path: String?
        var limit: Int64?
        var local: Bool?
    }

    /// Reads a line without its line feed. Throws Nonsense.
    public init(line: Data) throws {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: line)
        } catch {
            throw Nonsense(message: "a line that is no request")
        }
        func id() throws -> Int64 {
            guard let id = wire.id, id > 0 else { throw Nonsense(message: "\(wire.op) without an id") }
            return id
        }
        switch wire.op {
        case "hello":
            var s = Settings()
            if let n = wire.jobs, n > 0 { s.jobs = min(n, 8) }
            if let n = wire.stall, n > 0 { s.stall = TimeInterval(min(n, 86_400)) }
            if let n = wire.grace, n > 0 { s.grace = TimeInterval(min(n, 3_600)) }
            if let n = wire.abandon, n > 0 { s.abandon = min(n, 1_000) }
            if let n = wire.tries, n > 0 { s.tries = min(n, 10) }
            self = .hello(version: wire.protocol ?? 0, s)
        case "status":
            self = .status(id: try id(), probe: Array((wire.probe ?? []).prefix(64)))
        case "authorize":
            self = .authorize(id: try id())
        case "cancel":
            self = .cancel(id: try id())
        case "quit":
            self = .quit
        case "fetch":
            let types = (wire.types ?? []).map(ResourceType.init(name:))
            guard let asset = wire.asset, !asset.isEmpty, let path = wire.path, path.hasPrefix("/"),
                !path.utf8.contains(0), !types.isEmpty, !types.contains(nil), (wire.limit ?? 0) >= 0
            else { throw Nonsense(message: "a fetch that lacks something") }
            self = .fetch(FetchRequest(
                id: try id(), asset: asset, types: types.compactMap { $0 }, uti: wire.uti ?? "", path: path,
                limit: wire.limit ?? 0, local: wire.local ?? false))
        default:
            throw Nonsense(message: "an op that is not known")
        }
    }
}

/// What the helper says. Keys that are nil are left out.
public struct Event: Codable, Equatable, Sendable {
    public var event: String
    public var id: Int64?
    public var `protocol`: Int?
    public var helper: String?
    public var system: String?
    public var authorization: String?
    public var known: [String]?
    public var unavailable: String?
    public var fraction: Double?
    public var bytes: Int64?
    public var type: String?
    public var uti: String?
    public var name: String?
    public var tries: Int?
    public var `class`: FailureClass?
    public var reason: String?
    public var domain: String?
    public var code: Int?
    public var message: String?
    public var chain: [Cause]?
    public var after: Int?
    public var seconds: Int?

    public init(_ event: String, id: Int64? = nil) {
        self.event = event
        self.id = id
    }

    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return encoder
    }()

    /// The event as it is sent, with its line feed. A message that makes it too
    /// long is left out.
    public var line: Data {
        var copy = self
        for drop in [{}, { copy.chain = nil }, { copy.message = nil; copy.name = nil; copy.known = nil }] {
            drop()
            if var data = try? Self.encoder.encode(copy), data.count < maxLine {
                data.append(0x0a)
                return data
            }
        }
        return Data("{\"event\":\"error\",\"message\":\"an event could not be written\"}\n".utf8)
    }
}
