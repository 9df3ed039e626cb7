package release_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

func version(t *testing.T, text string) release.Version {
	t.Helper()
	v, err := release.ParseVersion(text)
	require.NoError(t, err, "%q", text)
	return v
}

func TestOnlyReleasesHaveAVersion(t *testing.T) {
	for text, want := range map[string]string{"1.4.0": "1.4.0", "v1.4.0": "1.4.0", "1.5.0-rc.1": "1.5.0-rc.1", "0.0.1": "0.0.1"} {
		require.Equal(t, want, version(t, text).String())
	}
	for _, text := range []string{
		"", "dev", "unknown", "(devel)", "4af2cf7", "1.4", "vv1.4.0", "1.4.0-3-gabc1234", "1.4.0-dirty", "1.4.0-3-gabc1234-dirty", "1.4.0-rc.1-3-gabc1234",
		"v0.0.0-20260101000000-abcdefabcdef", "1.4.0+build", "01.4.0", "1.4.0 ", "1.4.0\n",
	} {
		_, err := release.ParseVersion(text)
		require.Error(t, err, "%q", text)
	}
}

func TestVersionsAreOrderedByTheirNumbers(t *testing.T) {
	order := []string{"0.9.0", "1.4.0-rc.1", "1.4.0-rc.2", "1.4.0", "1.4.2", "1.4.10", "1.10.0", "2.0.0", "99999999999999999999.0.0"}
	for i, x := range order {
		for j, y := range order {
			require.Equal(t, i > j, version(t, x).NewerThan(version(t, y)), "%s after %s", x, y)
		}
	}
	require.True(t, version(t, "0.0.1").NewerThan(release.Version{}))
}

func TestAnOlderReleaseIsOutdatedAndAnythingElseIsNot(t *testing.T) {
	said := release.Outdated("v1.3.9", "1.4.0")
	require.Contains(t, said, "asks for version 1.4.0 or newer, and this is 1.3.9")
	require.Contains(t, said, "thetaedge update --apply")
	require.NotEmpty(t, release.Outdated("1.4.0-rc.1", "1.4.0"))
	for _, c := range []struct{ own, least string }{
		{"1.4.0", "1.4.0"}, {"1.4.1", "1.4.0"}, {"1.3.9", ""}, {"dev", "1.4.0"}, {"4af2cf7", "1.4.0"}, {"1.3.9-2-gabcdef0", "1.4.0"}, {"1.3.9", "nonsense"},
	} {
		require.Empty(t, release.Outdated(c.own, c.least), "%v", c)
	}
}
