// Command compute does what its argument says for about a second: it hashes,
// multiplies matrices or sorts.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"sort"
)

func main() {
	switch os.Args[1] {
	case "hash":
		sum := sha256.Sum256(nil)
		block := make([]byte, 1<<20)
		for range 64 {
			copy(block, sum[:])
			sum = sha256.Sum256(block)
		}
		fmt.Printf("%x\n", sum)
	case "matrix":
		const n = 384
		var a, b, c [n][n]float64
		for i := range n {
			for j := range n {
				a[i][j], b[i][j] = float64(i^j), float64(i-j)/n
			}
		}
		for i := range n {
			for k := range n {
				for j := range n {
					c[i][j] += a[i][k] * b[k][j]
				}
			}
		}
		fmt.Println(c[1][2], c[n-1][n-1])
	case "sort":
		words := make([]string, 200_000)
		state := uint32(1)
		for i := range words {
			state = state*1664525 + 1013904223
			words[i] = fmt.Sprint(state)
		}
		sort.Strings(words)
		fmt.Println(words[0], words[len(words)-1])
	}
}
