package jobfile

import (
	"errors"
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/thetaedge/theta/blob"
)

// Content is a file: a path on this machine, relative to the job file's folder,
// or web addresses with the digest and size of what they serve.
type Content struct {
	Path   string
	URIs   []string
	SHA256 blob.Digest
	Size   Count
}

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
			c.SHA256, err = readDigest(value)
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

// readDigest reads the digest of content that an address names.
func readDigest(node *yaml.Node) (digest blob.Digest, err error) {
	var text string
	if err := node.Decode(&text); err != nil || text == "" {
		return digest, err
	}
	if digest, err = blob.ParseDigest(text); err != nil {
		return digest, fmt.Errorf("line %d: sha256: %w; content named by address needs its digest", node.Line, err)
	}
	return digest, nil
}

func (c Content) validate() error {
	if len(c.URIs) == 0 {
		if c.Path == "" {
			return errors.New("expected a file's path, or uris, sha256 and size, found nothing")
		}
		return nil
	}
	if c.SHA256 == (blob.Digest{}) {
		return errors.New("sha256: expected a sha256 digest of 64 lower-case hex characters, found 0 characters; content named by address needs its digest")
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
