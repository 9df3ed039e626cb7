package tensortest

import (
	_ "embed" // the vectors of the profile
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/thetaedge/theta/tensor"
)

//go:embed testdata/vectors.txt
var vectors string

// Published returns the digests of the vectors that the profile publishes.
func Published() (map[tensor.Code][32]byte, error) {
	digests := map[tensor.Code][32]byte{}
	lines := strings.Fields(vectors)
	for i, code := range tensor.Codes() {
		if len(lines) != 3*len(tensor.Codes()) || lines[3*i] != code.String() || lines[3*i+1] != fmt.Sprint(Vectors) {
			return nil, fmt.Errorf("expected %d vectors of %v in line %d of the published ones", Vectors, code, i+1)
		}
		digest, err := hex.DecodeString(lines[3*i+2])
		if err != nil || len(digest) != 32 {
			return nil, fmt.Errorf("expected a digest of %v, found %q", code, lines[3*i+2])
		}
		digests[code] = [32]byte(digest)
	}
	return digests, nil
}
