package container

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/thetaedge/theta/executor"
)

// descriptor names a blob of an image.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	Platform  *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
	Annotations map[string]string `json:"annotations"`
}

// document is an index or a manifest; both formats, of Docker and of the Open Container Initiative,
// have these fields.
type document struct {
	MediaType string       `json:"mediaType"`
	Manifests []descriptor `json:"manifests"`
	Config    *descriptor  `json:"config"`
	Layers    []descriptor `json:"layers"`
}

// blobs returns how the bytes of a blob are opened, by its SHA-256 in hex.
type blobs func(digest string) (func() (io.ReadCloser, error), error)

// maxNesting is how deep indexes may name further indexes.
const maxNesting = 2

// imageOf returns the image that an index or a manifest describes. digest is the SHA-256 in hex of the
// document, or empty if it was not named. Of several images of an index, the one for the architecture is
// taken. It fails with executor.ErrUnavailable if there is one for other architectures only.
func imageOf(content []byte, digest, architecture string, open blobs) (*image, error) {
	for range maxNesting + 1 {
		var d document
		if err := json.Unmarshal(content, &d); err != nil {
			return nil, badImage("its manifest: %v", err)
		}
		if d.Config != nil {
			if digest == "" {
				sum := sha256.Sum256(content)
				digest = hex.EncodeToString(sum[:])
			}
			return imageOfManifest(d, digest, open)
		}
		next, err := choose(d.Manifests, architecture)
		if err != nil {
			return nil, err
		}
		if content, err = readDocument(next, open); err != nil {
			return nil, err
		}
		digest = strings.TrimPrefix(next.Digest, "sha256:")
	}
	return nil, badImage("its index names further indexes more than %d deep", maxNesting)
}

// choose returns the entry of an index that is for an architecture. Entries that describe other entries,
// such as proofs of how an image was built, do not count.
func choose(list []descriptor, architecture string) (descriptor, error) {
	var fitting, plain []descriptor
	others := 0
	for _, d := range list {
		switch {
		case d.Annotations["vnd.docker.reference.type"] != "":
		case d.Platform == nil:
			plain = append(plain, d)
		case d.Platform.OS == "linux" && d.Platform.Architecture == architecture:
			fitting = append(fitting, d)
		default:
			others++
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) == 0 && len(plain) == 1:
		return plain[0], nil
	case len(fitting) == 0 && len(plain) == 0 && others > 0:
		return descriptor{}, fmt.Errorf("%w: the image is for other machines than linux/%s", executor.ErrUnavailable, architecture)
	default:
		return descriptor{}, badImage("expected one image for linux/%s, found %d for it and %d for no named platform", architecture, len(fitting), len(plain))
	}
}

func imageOfManifest(d document, digest string, open blobs) (*image, error) {
	config, err := readDocument(*d.Config, open)
	if err != nil {
		return nil, err
	}
	i, err := newImage(config, len(d.Layers))
	if err != nil {
		return nil, err
	}
	i.manifest = digest
	for n, l := range d.Layers {
		if i.layers[n].digest, err = digestOf(l); err != nil {
			return nil, err
		}
		if i.layers[n].open, err = open(i.layers[n].digest); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func digestOf(d descriptor) (string, error) {
	plain := hexDigest(strings.TrimPrefix(d.Digest, "sha256:"))
	if plain == "" || !strings.HasPrefix(d.Digest, "sha256:") {
		return "", badImage("expected a digest such as sha256:..., found %.100q", d.Digest)
	}
	return plain, nil
}

// readDocument reads a small blob and compares its digest.
func readDocument(d descriptor, open blobs) ([]byte, error) {
	digest, err := digestOf(d)
	if err != nil {
		return nil, err
	}
	if d.Size < 0 || d.Size > maxDocumentBytes {
		return nil, badImage("its document sha256:%s has %d bytes, at most %d are possible", digest, d.Size, maxDocumentBytes)
	}
	opener, err := open(digest)
	if err != nil {
		return nil, err
	}
	r, err := opener()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	content, err := io.ReadAll(io.LimitReader(r, maxDocumentBytes+1))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != digest {
		return nil, badImage("expected a document with digest sha256:%s, found sha256:%x", digest, sum)
	}
	return content, nil
}
