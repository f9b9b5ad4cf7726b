import Foundation

/// What the stub has and does. The folder that PHOTOGO_STUB names holds
/// script.json, the files of the assets, where there are many of them a folder assets,
/// in which each that script.json does not tell of is in UUID.json, and a folder tries, in which a file for
/// each resource grows by a byte with each request: so a test sees how often
/// something was asked for, and a new process goes on where the last one died.
final class Script: @unchecked Sendable {
    /// What happens at one request.
    struct Act: Codable {
        var file: String?  // instead of the resource's own
        var cut: Int?  // only so many bytes of it, and success
        var error: [Link]?  // outermost first
        var part: Int?  // bytes that come before an error or a hang
        var after: Double?  // CKRetryAfter of the innermost error
        var hang: Bool?  // never completes, until cancelled
        var deaf: Bool?  // not even then
        var delay: Double?  // seconds before the first byte
        var chunk: Int?  // bytes at a time
        var pause: Double?  // seconds between them
        var sync: Bool?  // completes before requestData returns
        var late: Bool?  // handlers are called after completion, too
        var crash: Bool?
        var print: String?  // into stdout, where it does not belong
        var times: Int?  // so often
        var revoke: Bool?  // the permission, from now on
    }

    struct Link: Codable {
        var domain: String
        var code: Int
    }

    struct Resource: Codable {
        var type: Int
        var uti: String?
        var name: String?
        var file: String?
        var local: Bool?  // needs no network
        var acts: [Act]?  // at the first request, the second …; then as it should be
        var always: Act?  // instead, at every request
    }

    struct Asset: Codable {
        var hidden: Bool?
        var resources: [Resource]
    }

    struct All: Codable {
        var authorization: Int?  // 3 if absent
        var consent: Int?  // what the user says when asked
        var unavailable: Link?
        var assets: [String: Asset]?
    }

    static let shared = Script()

    private let folder: String
    private let all: All
    private let lock = NSLock()
    private var status: PHAuthorizationStatus
    private var refused = false  // the library was touched before the consent

    /// What there is of an asset.
    func asset(_ uuid: String) -> Asset? {
        if let asset = all.assets?[uuid] { return asset }
        if uuid.contains("/") { return nil }
        return FileManager.default.contents(atPath: "\(folder)/assets/\(uuid).json").flatMap {
            do {
                return try JSONDecoder().decode(Asset.self, from: $0)
            } catch {
                fatalError("\(uuid).json: \(error)")
            }
        }
    }

    init() {
        folder = ProcessInfo.processInfo.environment["PHOTOGO_STUB"] ?? ""
        let data = FileManager.default.contents(atPath: folder + "/script.json") ?? Data("{}".utf8)
        do {
            all = try JSONDecoder().decode(All.self, from: data)
        } catch {
            fatalError("script.json: \(error)")
        }
        status = PHAuthorizationStatus(rawValue: all.authorization ?? 3) ?? .denied
        if FileManager.default.fileExists(atPath: folder + "/allowed") { status = .authorized }
        if FileManager.default.fileExists(atPath: folder + "/revoked") { status = .denied }
    }

    var authorization: PHAuthorizationStatus {
        lock.lock()
        defer { lock.unlock() }
        return status
    }

    func ask() -> PHAuthorizationStatus {
        lock.lock()
        defer { lock.unlock() }
        if status == .notDetermined { status = PHAuthorizationStatus(rawValue: all.consent ?? 2) ?? .denied }
        if status == .authorized { _ = FileManager.default.createFile(atPath: folder + "/allowed", contents: nil) }
        return status
    }

    func touch() {
        lock.lock()
        defer { lock.unlock() }
        if status != .authorized { refused = true }
    }

    var unavailable: NSError? {
        all.unavailable.map { NSError(domain: $0.domain, code: $0.code, userInfo: [NSLocalizedDescriptionKey: "as scripted"]) }
    }

    func act(of resource: PHAssetResource) -> Act {
        let scripted = resource.scripted
        let uuid = String(resource.assetLocalIdentifier.dropLast(7))
        let counter = folder + "/tries/\(uuid)-\(scripted.type)"
        lock.lock()
        defer { lock.unlock() }
        if refused { return Act(error: [Link(domain: "com.apple.photos.error", code: 41011)]) }
        let fd = open(counter, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let n = Int(lseek(fd, 0, SEEK_END))
        _ = write(fd, "x", 1)
        close(fd)
        if let always = scripted.always { return always }
        let acts = scripted.acts ?? []
        return n < acts.count ? acts[n] : Act()
    }

    func play(
        _ act: Act, _ resource: PHAssetResource, _ options: PHAssetResourceRequestOptions?, _ cancellation: Cancellation,
        _ handler: (Data) -> Void, _ completion: ((any Error)?) -> Void
    ) {
        if let text = act.print {
            for _ in 0..<(act.times ?? 1) { _ = write(STDOUT_FILENO, text + "\n", text.utf8.count + 1) }
        }
        if act.crash ?? false { kill(getpid(), SIGKILL) }
        if act.revoke ?? false {
            _ = FileManager.default.createFile(atPath: folder + "/revoked", contents: nil)
            lock.lock()
            status = .denied
            lock.unlock()
            return completion(error([Link(domain: "PHPhotosErrorDomain", code: 3311)]))
        }
        if !(resource.scripted.local ?? false) && !(options?.isNetworkAccessAllowed ?? false) {
            return completion(error([Link(domain: "PHPhotosErrorDomain", code: 3164)]))
        }
        let ended = (act.deaf ?? false) ? Cancellation() : cancellation
        if let delay = act.delay, ended.wait(delay) { return completion(Script.userCancelled) }
        var bytes = act.cut ?? Int.max
        if act.error != nil || act.hang ?? false { bytes = act.part ?? 0 }
        let fd = open(folder + "/" + (act.file ?? resource.scripted.file ?? ""), O_RDONLY)
        defer { close(fd) }
        let size = max(1, Int(lseek(fd, 0, SEEK_END)))
        lseek(fd, 0, SEEK_SET)
        var sent = 0
        let most = act.chunk ?? 262_144
        while sent < bytes {
            let room = UnsafeMutableRawPointer.allocate(byteCount: min(most, size), alignment: 16)
            let n = read(fd, room, min(most, size, bytes - sent))
            let part = Data(bytesNoCopy: room, count: max(n, 0), deallocator: .custom { room, _ in room.deallocate() })
            if n <= 0 { break }
            if let pause = act.pause, ended.wait(pause) { return completion(Script.userCancelled) }
            if ended.wait(0) { return completion(Script.userCancelled) }
            sent += n
            options?.progressHandler?(Double(sent) / Double(size))
            handler(part)
        }
        if act.hang ?? false {
            _ = ended.wait(86_400)
            return completion(Script.userCancelled)
        }
        completion(act.error.map { error($0, after: act.after) })
        if act.late ?? false {
            handler(Data("late".utf8))
            options?.progressHandler?(0.1)
            completion(error([Link(domain: "PHPhotosErrorDomain", code: -1)]))
            completion(nil)
        }
    }

    static let userCancelled = NSError(domain: "PHPhotosErrorDomain", code: 3072)

    private func error(_ chain: [Link], after: Double? = nil) -> NSError {
        var inner: NSError?
        for link in chain.reversed() {
            var info: [String: Any] = [NSLocalizedDescriptionKey: "\(link.domain) \(link.code), as scripted"]
            if let inner { info[NSUnderlyingErrorKey] = inner } else if let after { info["CKRetryAfter"] = after }
            inner = NSError(domain: link.domain, code: link.code, userInfo: info)
        }
        return inner!
    }
}

/// A wish to end.
final class Cancellation: @unchecked Sendable {
    private let condition = NSCondition()
    private var cancelled = false

    func cancel() {
        condition.lock()
        cancelled = true
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for the wish, for so many seconds at most, and reports whether it came.
    func wait(_ seconds: TimeInterval) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: seconds)
        while !cancelled {
            if seconds <= 0 || !condition.wait(until: end) { break }
        }
        return cancelled
    }
}
