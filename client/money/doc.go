// Package money reads and writes amounts as people write them: "1.5tfuel".
package money
