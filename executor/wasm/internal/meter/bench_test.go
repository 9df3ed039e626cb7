package meter

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRewriteTheWorst rewrites programs that need the most rewriting work for their size.
func BenchmarkRewriteTheWorst(b *testing.B) {
	many := strings.Repeat("i64 ", 16000)
	text := func(body string) string {
		return `(module (memory 1) (func (export "_start")) (func (local ` + many + `) ` + body + "))"
	}
	nested := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	reads := func(n, bytes int) string {
		var s strings.Builder
		for i := range bytes / 8 {
			fmt.Fprintf(&s, "(local.set %d (local.get %d))", (i*31)%n, (i*17)%n)
		}
		return s.String()
	}
	for name, program := range map[string]string{
		"loops":   text(nested("(loop (br_if 0 (i32.const 1))", reads(16000, 1<<19), ")", 55)),
		"narrow":  strings.Replace(text(nested("(loop ", reads(4, 1<<19), ")", 1400)), many, "i64 i64 i64 i64 ", 1),
		"calls":   text(strings.Repeat("(call 0)", 100_000) + reads(16000, 1<<18)),
		"crowded": text(reads(16000, 1<<18) + strings.Repeat("(drop (i64.add (i64.const 1) (i64.const 2)))", 100_000) + reads(16000, 1<<18)),
		"tables":  `(module (func (export "_start")) (func ` + nested("(block ", strings.Repeat("(br_table "+strings.Repeat("9999 ", 20000)+"(i32.const 0))", 1), ")", 10000) + "))",
	} {
		wasm := assembled(b, program)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := rewrite(wasm); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
