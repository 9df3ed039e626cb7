// Package privatetest changes the rights of files for tests, on every system in its own way.
package privatetest
