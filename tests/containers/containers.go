// Package containers makes an image for tests that run container/1, and lists the containers of edge nodes.
package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"
)

const (
	// SocketVariable is the environment variable with the socket of the engine of a test;
	// scripts/dockerd.sh starts one.
	SocketVariable = "THETA_DOCKER_SOCKET"
	// label is what every container of an edge node has.
	label = "org.thetaedge.task"
	// version is one of the Docker Engine API that all engines of tests speak.
	version = "1.41"
	// program is the package of the program in the image.
	program = "github.com/thetaedge/theta/tests/containers/program"
)

// Socket returns the address of the engine for tests, or "" if there is none.
func Socket() string {
	named := os.Getenv(SocketVariable)
	if named == "" {
		return ""
	}
	return "unix://" + strings.TrimPrefix(named, "unix://")
}

// Image compiles the program and writes an image with nothing else to a file, as docker save does. The program hashes
// the input "seed" as often as its only argument says, and writes the output "digest".
func Image(ctx context.Context, file string) error {
	folder, err := os.MkdirTemp("", "theta-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // temporary
	binary := filepath.Join(folder, "program")
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-s", "-o", binary, program) //nolint:gosec // a temporary folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot compile the program of the image: %w: %s", err, said)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	archive, err := archiveOf(content)
	if err != nil {
		return err
	}
	return os.WriteFile(file, archive, 0o600)
}

// archiveOf returns an archive of an image whose only file is a program.
func archiveOf(binary []byte) ([]byte, error) {
	layer, err := tarOf(entry{"program", 0o755, binary})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": "amd64",
		"config": map[string]any{"Entrypoint": []string{"/program"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(config)
	name := hex.EncodeToString(id[:]) + ".json"
	list, err := json.Marshal([]map[string]any{{"Config": name, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return tarOf(entry{"layer.tar", 0o644, layer}, entry{name, 0o644, config}, entry{"manifest.json", 0o644, list})
}

type entry struct {
	name    string
	mode    int64
	content []byte
}

func tarOf(entries ...entry) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content))}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// Digest returns what the program writes for a seed.
func Digest(seed []byte, turns uint64) string {
	digest := sha256.Sum256(seed)
	for range turns {
		digest = sha256.Sum256(digest[:])
	}
	return hex.EncodeToString(digest[:]) + "\n"
}

// List returns the names of all containers that edge nodes have made in an engine, also of those that have ended.
func List(ctx context.Context, socket string) (names []string, err error) {
	c, err := client.New(client.WithHost(socket), client.WithVersion(version))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", label)})
	if err != nil {
		return nil, err
	}
	for _, item := range found.Items {
		names = append(names, strings.TrimPrefix(strings.Join(item.Names, " "), "/"))
	}
	return names, nil
}
