package client

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/thetaedge/theta/blob"
)

// UnmarshalYAML reads a path, or a mapping of uris, sha256 and size.
func (c *Content) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&c.Path)
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected a file's path, or uris, sha256 and size", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		var err error
		switch key.Value {
		case "uri":
			c.URIs = make([]string, 1)
			err = value.Decode(&c.URIs[0])
		case "uris":
			err = value.Decode(&c.URIs)
		case "sha256":
			err = value.Decode(&c.SHA256)
		case "size":
			err = value.Decode(&c.Size)
		default:
			err = fmt.Errorf("line %d: field %s is unknown, expected uri or uris, sha256 and size", key.Line, key.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Content) validate() error {
	if len(c.URIs) == 0 {
		if c.Path == "" {
			return errors.New("expected a file's path, or uris, sha256 and size, found nothing")
		}
		return nil
	}
	if _, err := blob.ParseDigest(c.SHA256); err != nil {
		return fmt.Errorf("sha256: %w; content named by address needs its digest", err)
	}
	if c.Size == 0 {
		return errors.New("size is missing, expected the number of bytes that the address serves")
	}
	return nil
}

// in returns a relative path below folder.
func (c Content) in(folder string) Content {
	if c.Path != "" && !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(folder, filepath.FromSlash(c.Path))
	}
	return c
}

// Bytes is a size: a plain number, or one with KB, MB, GB (powers of 1,000) or
// KiB, MiB, GiB (powers of 1,024).
type Bytes uint64

// UnmarshalYAML reads a size.
func (b *Bytes) UnmarshalYAML(node *yaml.Node) error {
	size, err := ParseBytes(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*b = size
	return nil
}

// ParseBytes reads a size such as "64MiB".
func ParseBytes(text string) (Bytes, error) {
	units := []struct {
		suffix string
		factor uint64
	}{
		{"KiB", 1 << 10},
		{"MiB", 1 << 20},
		{"GiB", 1 << 30},
		{"KB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"B", 1},
		{"", 1},
	}
	for _, unit := range units {
		digits, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		if err != nil || n > (1<<63-1)/unit.factor {
			break
		}
		return Bytes(n * unit.factor), nil
	}
	return 0, fmt.Errorf("expected a size such as 64MiB or 1000000, found %q", text)
}
