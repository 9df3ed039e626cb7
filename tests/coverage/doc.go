// Package coverage holds the share of statements that tests run to a floor that only rises:
// floor.txt. Generated code, and code that is for tests and for show, does not count.
package coverage
