package sidecar

import "strconv"

// Toolkit stands near the beginning of every XMP sidecar that photogo writes, in
// all its releases, and tells them from those of other programs.
const Toolkit = `x:xmptk="photogo"`

// The packet around the properties. The byte order mark inside begin and the
// fixed id are what the XMP specification demands.
const (
	packetBegin = "<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" " + Toolkit + ">\n" +
		"<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n" +
		"<rdf:Description rdf:about=\"\""
	packetEnd = "</rdf:Description>\n" +
		"</rdf:RDF>\n" +
		"</x:xmpmeta>\n" +
		"<?xpacket end=\"w\"?>\n"
)

// The namespaces of the properties.
const (
	nsDC        = "http://purl.org/dc/elements/1.1/"
	nsDigiKam   = "http://www.digikam.org/ns/1.0/"
	nsIPTC      = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	nsXMP       = "http://ns.adobe.com/xap/1.0/"
	nsPhotoshop = "http://ns.adobe.com/photoshop/1.0/"
	nsExif      = "http://ns.adobe.com/exif/1.0/"
	nsRegions   = "http://www.metadataworkinggroup.com/schemas/regions/"
	nsArea      = "http://ns.adobe.com/xmp/sType/Area#"
	nsDim       = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
)

// appendNamespaces declares what the properties of f use, and ends the opening
// tag of the description.
func appendNamespaces(dst []byte, f *facts) []byte {
	words, faces := len(f.keywords) > 0, len(f.regions) > 0
	for _, ns := range [...]struct {
		used        bool
		prefix, uri string
	}{
		{f.title != "" || f.description != "" || words, "dc", nsDC},
		{words, "digiKam", nsDigiKam},
		{len(f.persons) > 0, "Iptc4xmpExt", nsIPTC},
		{f.favorite || f.created != "" || f.modified != "", "xmp", nsXMP},
		{f.taken != "", "photoshop", nsPhotoshop},
		{f.taken != "" || f.place != nil, "exif", nsExif},
		{faces, "mwg-rs", nsRegions},
		{faces, "stArea", nsArea},
		{faces, "stDim", nsDim},
	} {
		if ns.used {
			dst = append(dst, "\n xmlns:"...)
			dst = append(dst, ns.prefix...)
			dst = append(dst, `="`...)
			dst = append(dst, ns.uri...)
			dst = append(dst, '"')
		}
	}
	return append(dst, ">\n"...)
}

// appendProperty writes a property with one value that needs no escaping.
func appendProperty(dst []byte, name, value string) []byte {
	dst = append(dst, " <"...)
	dst = append(dst, name...)
	dst = append(dst, '>')
	dst = append(dst, value...)
	return appendClosing(dst, name)
}

// appendAlternative writes a text as the one in the default language; nothing
// if it is empty.
func appendAlternative(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, " <"...)
	dst = append(dst, name...)
	dst = append(dst, "><rdf:Alt><rdf:li xml:lang=\"x-default\">"...)
	dst = appendText(dst, text)
	dst = append(dst, "</rdf:li></rdf:Alt>"...)
	return appendClosing(dst, name)
}

// appendList writes texts as an rdf:Bag or rdf:Seq; nothing if there are none.
func appendList(dst []byte, name, container string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(dst, " <"...)
	dst = append(dst, name...)
	dst = append(dst, "><"...)
	dst = append(dst, container...)
	dst = append(dst, ">\n"...)
	for _, text := range texts {
		dst = append(dst, "  <rdf:li>"...)
		dst = appendText(dst, text)
		dst = append(dst, "</rdf:li>\n"...)
	}
	dst = append(dst, " </"...)
	dst = append(dst, container...)
	dst = append(dst, '>')
	return appendClosing(dst, name)
}

func appendClosing(dst []byte, name string) []byte {
	dst = append(dst, "</"...)
	dst = append(dst, name...)
	return append(dst, ">\n"...)
}

// appendMillionths writes n millionths with all six digits of the fraction.
// Whole numbers are counted, not floats printed: nothing depends on how a
// machine rounds. n is not negative.
func appendMillionths(dst []byte, n int64) []byte {
	const million = 1_000_000
	dst = strconv.AppendInt(dst, n/million, 10)
	mark := len(dst)
	dst = strconv.AppendInt(dst, million+n%million, 10) // seven digits, the first a 1
	dst[mark] = '.'
	return dst
}
