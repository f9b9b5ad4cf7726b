// Package backup keeps the archives of a library, and brings back what is in
// them.
//
// An archive is named after the library and the period that ended, such as
// anna-2025-05, and anna-2025-05.2 for its second portion. Beside the files it
// holds an Explanation of itself: sums, all facts of the pictures, and a text for
// whoever finds it in thirty years. The Catalogue remembers which version of which
// file is in which archive. It saves reading; the archives alone are enough to make
// it anew (Rebuild), and to bring everything back (Restore).
//
// The package knows files, owners and roles, and nothing of photos: what is known of
// a picture is a JSON object that it hands on, and of which it only reads what one
// can ask for when restoring.
package backup
