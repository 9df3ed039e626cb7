// Command world writes down all that it can see of the world around it.
package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	start := time.Now()
	fmt.Println("now", start.UTC().Format(time.RFC3339))
	time.Sleep(time.Hour)
	fmt.Println("slept an hour", time.Since(start) >= time.Hour)
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		fmt.Println("random:", err)
	}
	fmt.Printf("random %x %d\n", secret, mathrand.Uint64())
	fmt.Println("environment", os.Environ())
	here, err := os.Getwd()
	fmt.Println("here", here, err)
	fmt.Println("temporary", os.TempDir())
	draft := filepath.Join(os.TempDir(), "draft")
	for path, text := range map[string]string{draft: "x", "relative": "y"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Println("write:", err)
		}
	}
	text, err := os.ReadFile(draft)
	fmt.Printf("draft %q %v\n", text, err)
	entries, err := os.ReadDir("/")
	if err != nil {
		fmt.Println("root:", err)
	}
	fmt.Println("root", names(entries))
	null, err := os.OpenFile(os.DevNull, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err == nil {
		written, failed := null.WriteString("gone")
		read, end := null.Read(make([]byte, 8))
		fmt.Println("null", written, failed, read, end, null.Close())
	}
	host, err := os.Hostname()
	fmt.Println("host", host, err)
	_, err = net.Dial("tcp", "127.0.0.1:80")
	fmt.Println("dial", err)
	for _, path := range []string{"/", "/etc/passwd", "/in/../../etc/passwd", "../etc/passwd", "/out/../in"} {
		_, err := os.ReadFile(path)
		fmt.Println("read", path, err)
	}
	for _, path := range []string{"/in/data", "/in/new", "/out/stdout", "/out/bad\nname", "/out/../escaped", "/elsewhere"} {
		err := os.WriteFile(path, []byte("x"), 0o644)
		fmt.Printf("write %q %v\n", path, err)
	}
	fmt.Println("remove", os.Remove("/in/data"))
	fmt.Println("rename", os.Rename("/in/data", "/out/data"))
	fmt.Println("mkdir", os.Mkdir("/in/dir", 0o755))
	fmt.Println("link", os.Symlink("/in/data", "/out/link"))
	text, err = os.ReadFile("/in/data")
	fmt.Printf("still %q %v\n", text, err)
	stdin := make([]byte, 1)
	n, err := os.Stdin.Read(stdin)
	fmt.Println("stdin", n, err)
	done := make(chan struct{})
	go func() { time.Sleep(time.Minute); close(done) }()
	select {
	case <-done:
		fmt.Println("goroutine done")
	case <-time.After(time.Hour):
		fmt.Println("goroutine late")
	}
}

func names(entries []os.DirEntry) (list []string) {
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}
