package release

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// mostVersion bounds the length of a version in bytes.
const mostVersion = 64

// Version is the version of a release, such as 1.4.0 or 1.5.0-rc.1.
type Version struct{ text string }

// betweenShape matches what git describe adds to a tag when commits follow it, or files have changed.
var betweenShape = regexp.MustCompile(`(-[0-9]+-g[0-9a-f]{4,40})?(-dirty)?$`)

// ParseVersion reads the version of a release, with or without a leading v. It refuses builds that
// are not a release: those between two tags, those of changed files, and those without a version.
func ParseVersion(text string) (Version, error) {
	canonical := "v" + strings.TrimPrefix(text, "v")
	switch {
	case len(text) > mostVersion || !semver.IsValid(canonical) || semver.Canonical(canonical) != canonical:
		return Version{}, fmt.Errorf("expected a version such as 1.4.0, found %.80q", text)
	case betweenShape.FindString(canonical) != "" || module.IsPseudoVersion(canonical):
		return Version{}, fmt.Errorf("expected the version of a release, found %q, a build that is not a release", text)
	}
	return Version{canonical[1:]}, nil
}

// String returns the version without a leading v.
func (v Version) String() string { return v.text }

// IsZero reports whether there is no version.
func (v Version) IsZero() bool { return v.text == "" }

// NewerThan reports whether v comes after another version. Every version comes after none.
func (v Version) NewerThan(other Version) bool {
	return semver.Compare("v"+v.text, "v"+other.text) > 0
}

// Outdated says why a program of version own must not take new work on a chain that asks for the
// version least or a newer one, and what to do. It returns "" if the program may work: if the chain asks
// for nothing, or if own is not a release and cannot be compared.
func Outdated(own, least string) string {
	mine, err := ParseVersion(own)
	if err != nil {
		return ""
	}
	wanted, err := ParseVersion(least)
	if err != nil || !wanted.NewerThan(mine) {
		return ""
	}
	return fmt.Sprintf("the chain asks for version %s or newer, and this is %s: the node claims nothing new and ends what it holds; "+UpdateAdvice, wanted, mine)
}

// UpdateAdvice is how an owner gets a newer version.
const UpdateAdvice = "run thetaedge update --apply, or install a newer release"
