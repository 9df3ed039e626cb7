// Command pack makes an image archive of one program without libraries, as docker save would write it. The same
// program gives the same bytes, and so the same digest.
//
//	pack PROGRAM ARCHITECTURE ARCHIVE
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: pack PROGRAM ARCHITECTURE ARCHIVE, for example: pack words amd64 words.tar")
		os.Exit(2)
	}
	program, err := os.ReadFile(os.Args[1])
	if err == nil {
		var archive []byte
		if archive, err = pack(program, os.Args[2]); err == nil {
			err = os.WriteFile(os.Args[3], archive, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// entry is one file of an archive.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// pack returns the archive of an image with one layer, which contains the program.
func pack(program []byte, architecture string) ([]byte, error) {
	layer, err := archive(entry{"program", 0o755, program})
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": architecture,
		"config": map[string]any{"Entrypoint": []string{"/program"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%x.json", sha256.Sum256(config))
	list, err := json.Marshal([]map[string]any{{"Config": name, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return archive(entry{name, 0o644, config}, entry{"layer.tar", 0o644, layer}, entry{"manifest.json", 0o644, list})
}

func archive(entries ...entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
