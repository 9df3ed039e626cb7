// Command depth nests as deep as its arguments say: calls, or a document.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

type tree struct{ left, right *tree }

func depth(t *tree) int {
	if t == nil {
		return 0
	}
	return 1 + max(depth(t.left), depth(t.right))
}

func main() {
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	switch os.Args[1] {
	case "calls":
		var t *tree
		for range n {
			t = &tree{left: t}
		}
		fmt.Println(depth(t))
	case "document":
		var v any
		fmt.Println(json.Unmarshal([]byte(strings.Repeat("[", n)+strings.Repeat("]", n)), &v))
	}
}
