// Package ref executes the operations of the profile tensor/1 in plain Go, one element after the
// other. It is the profile's meaning: where another back end differs, that one is wrong.
package ref
