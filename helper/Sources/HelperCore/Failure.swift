import Foundation

/// What photogo is to do about a failure.
public enum FailureClass: String, Codable, Sendable {
    case retry, park, stop
}

/// Why a request failed, in the order in which reasons give way to those below.
public enum Reason: String, CaseIterable, Sendable {
    case unknown, flaky, cancelled, throttled, offline
    case missing, toolong
    case account, denied, space, library, file

    public var failureClass: FailureClass {
        switch self {
        case .unknown, .flaky, .cancelled, .throttled, .offline: return .retry
        case .missing, .toolong: return .park
        case .account, .denied, .space, .library, .file: return .stop
        }
    }
}

/// One error of a chain.
public struct Cause: Codable, Equatable, Sendable {
    public var domain: String
    public var code: Int
    public var message: String?

    public init(domain: String, code: Int, message: String? = nil) {
        self.domain = domain
        self.code = code
        self.message = message
    }
}

/// A failure as the protocol tells it.
public struct Failure: Error, Equatable, Sendable {
    public var reason: Reason
    public var decided: Cause
    public var chain: [Cause]
    public var after: Int?

    /// The helper's own failures.
    public static let domain = "photogo"

    public init(_ reason: Reason, code: Int, _ message: String, chain: [Cause] = []) {
        self.reason = reason
        decided = Cause(domain: Self.domain, code: code, message: message)
        self.chain = chain
        after = nil
    }

    public static let noAsset = Failure(.missing, code: 1, "Photos has no such asset")
    public static let noResource = Failure(.missing, code: 2, "the asset has no resource of these types")
    public static let tooLong = Failure(.toolong, code: 3, "it is longer than what was asked for")
    public static let notAuthorized = Failure(.denied, code: 4, "the helper may not read Photos")

    public static func file(_ errno: Int32, _ doing: String) -> Failure {
        let cause = Cause(domain: NSPOSIXErrorDomain, code: Int(errno), message: String(cString: strerror(errno)))
        if errno == ENOSPC || errno == EDQUOT {
            return Failure(cause: cause, .space)
        }
        return Failure(.file, code: 5, doing, chain: [cause])
    }

    private init(cause: Cause, _ reason: Reason) {
        self.reason = reason
        decided = cause
        chain = [cause]
        after = nil
    }

    /// Reads an error of PhotoKit: by domains and codes of the whole chain, as
    /// neither the Swift types nor the texts are the same everywhere.
    public init(_ error: Error) {
        var errors: [NSError] = []
        var next: NSError? = error as NSError
        while let e = next, errors.count < 8 {
            errors.append(e)
            next = e.userInfo[NSUnderlyingErrorKey] as? NSError
        }
        chain = errors.map { Cause(domain: $0.domain, code: $0.code, message: cut($0.localizedDescription)) }
        let reasons = errors.map { Self.reason(domain: $0.domain, code: $0.code, $0.userInfo) }
        let order = Reason.allCases
        var best = 0
        for i in reasons.indices where order.firstIndex(of: reasons[i])! > order.firstIndex(of: reasons[best])! {
            best = i
        }
        // What could not be asked for was not found missing.
        if reasons[best] == .missing, let i = reasons.firstIndex(where: { $0 == .offline || $0 == .throttled }) {
            best = i
        }
        reason = reasons[best]
        decided = chain[best]
        after = nil
        for e in errors {
            if let seconds = e.userInfo["CKRetryAfter"] as? Double, seconds > 0 {
                after = Int(min(seconds.rounded(.up), 86_400))
            }
        }
    }

    static func reason(domain: String, code: Int, _ userInfo: [String: Any] = [:]) -> Reason {
        switch (domain, code) {
        case ("PHPhotosErrorDomain", 3169), ("PHPhotosErrorDomain", 3164): return .offline
        case ("PHPhotosErrorDomain", -1), ("PHPhotosErrorDomain", 3301): return .flaky
        case ("PHPhotosErrorDomain", 3072), ("NSCocoaErrorDomain", 3072), ("CKErrorDomain", 20): return .cancelled
        case ("PHPhotosErrorDomain", 3303), ("PHPhotosErrorDomain", 3306), ("PHPhotosErrorDomain", 3302),
            ("PHPhotosErrorDomain", 3201), ("CKErrorDomain", 11), ("CKErrorDomain", 16):
            return .missing
        case ("PHPhotosErrorDomain", 3310), ("PHPhotosErrorDomain", 3311), ("com.apple.photos.error", 41011): return .denied
        case ("PHPhotosErrorDomain", 3305), ("NSCocoaErrorDomain", 640), ("NSPOSIXErrorDomain", 28), ("NSPOSIXErrorDomain", 69):
            return .space
        case ("PHPhotosErrorDomain", 3114), ("PHPhotosErrorDomain", 3142), ("PHPhotosErrorDomain", 3143),
            ("PHPhotosErrorDomain", 5423):
            return .library
        case ("CKErrorDomain", 9), ("CKErrorDomain", 10), ("CKErrorDomain", 25), ("CKErrorDomain", 36): return .account
        case ("CKErrorDomain", 7), ("CKErrorDomain", 23): return .throttled
        case ("CKErrorDomain", 3), ("CKErrorDomain", 4), ("CKErrorDomain", 6), ("CKErrorDomain", 34), ("CKErrorDomain", 35): return .offline
        case ("NSURLErrorDomain", -1001), ("NSURLErrorDomain", -1003), ("NSURLErrorDomain", -1004),
            ("NSURLErrorDomain", -1005), ("NSURLErrorDomain", -1009):
            return .offline
        case ("NSCocoaErrorDomain", -1), ("CKErrorDomain", 1), ("CloudPhotoLibraryErrorDomain", _): return .flaky
        default: return userInfo["CKRetryAfter"] is Double ? .throttled : .unknown
        }
    }

    /// The event that tells it.
    public func event(id: Int64, tries: Int) -> Event {
        var e = Event("failed", id: id)
        e.class = reason.failureClass
        e.reason = reason.rawValue
        e.domain = decided.domain
        e.code = decided.code
        e.message = decided.message
        e.chain = chain.isEmpty ? nil : chain
        e.after = after
        e.tries = tries
        return e
    }
}

func cut(_ text: String) -> String { String(text.prefix(500)) }
