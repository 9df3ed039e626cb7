package client

import (
	"bytes"
	"fmt"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client/jobfile"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// arrayInput returns the root of a Merkle tree over the tasks' files. The tree is uploaded
// to the relay with them.
func (p *Packed) arrayInput(input *jobfile.ArrayInput, relay *transfer.Client) (*computetypes.ArrayInput, error) {
	paths, err := input.Files()
	if err != nil {
		return nil, err
	}
	items := make([]blob.ArrayItem, len(paths))
	var largest uint64
	seen := make(map[blob.Digest]bool, len(paths))
	for i, path := range paths {
		u, err := readUpload(path)
		if err != nil {
			return nil, fmt.Errorf("array_input: %w", err)
		}
		items[i] = blob.ArrayItem{Digest: u.digest, Size: uint64(u.size)} //nolint:gosec // sizes are positive
		largest = max(largest, items[i].Size)
		if !seen[u.digest] {
			seen[u.digest] = true
			p.uploads = append(p.uploads, u)
		}
	}
	file, root, err := blob.EncodeArray(items)
	if err != nil {
		return nil, fmt.Errorf("array_input: %w", err)
	}
	tree := upload{path: "the tree of " + input.Folder, content: file, digest: blob.DigestOf(file), size: int64(len(file))}
	p.uploads = append(p.uploads, tree)
	return &computetypes.ArrayInput{
		Path: input.Path, Root: bytes.Clone(root[:]), Count: uint64(len(items)),
		MaxBytes: max(largest, 1), Uris: []string{relay.ArrayURL(tree.digest)},
	}, nil
}
