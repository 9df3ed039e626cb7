package walls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Module is the import path of this module.
const Module = "github.com/thetaedge/theta"

// Package is the description of one package by `go list`.
type Package struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	// Deps contains all packages that it depends on, except for those of its tests.
	Deps []string
	// Export is the file with its types, if the package was built.
	Export string
}

// ours returns the path of a package below the module, or of a house in it. It returns "" if
// the package does not belong to the module.
func ours(path string) string {
	if rest, ok := strings.CutPrefix(path, Module+"/"); ok {
		return rest
	}
	return ""
}

// list runs `go list` for patterns at the top of the module, with flags.
func list(flags []string, patterns ...string) ([]Package, error) {
	args := append([]string{"list", "-json=ImportPath,Dir,GoFiles,CgoFiles,Imports,TestImports,XTestImports,Deps,Export"}, flags...)
	cmd := exec.Command("go", append(args, patterns...)...) //nolint:gosec // arguments are this package's own
	cmd.Dir = filepath.Join("..", "..")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go list %v: %w: %s", patterns, err, stderr.Bytes())
	}
	var packages []Package
	decoder := json.NewDecoder(&stdout)
	for {
		var p Package
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list %v: %w", patterns, err)
		}
		packages = append(packages, p)
	}
}
