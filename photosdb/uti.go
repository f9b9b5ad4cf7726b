package photosdb

import "strconv"

// compactTypes are the numbers by which ZINTERNALRESOURCE.ZCOMPACTUTI names a
// type, from Photos 7 on. 1, 3, 6, 8, 9, 11, 23, 24, 36 and 37 were checked
// against files; the rest is from a published reading of Apple's framework.
var compactTypes = map[int]string{
	1: "public.jpeg", 2: "public.jpeg",
	3: "public.heic", 4: "public.heif", 5: "public.avci",
	6: "public.png", 7: "com.compuserve.gif", 8: "public.tiff",
	9: "com.adobe.raw-image", 10: "com.sony.arw-raw-image", 11: "com.canon.cr2-raw-image", 12: "com.canon.crw-raw-image",
	13: "com.olympus.raw-image", 14: "com.panasonic.rw2-raw-image", 15: "com.panasonic.raw-image", 16: "com.pentax.raw-image",
	17: "com.nikon.raw-image", 18: "com.samsung.raw-image", 19: "com.leafamerica.raw-image", 20: "com.hasselblad.3fr-raw-image",
	21: "com.fuji.raw-image", 22: "com.hasselblad.fff-raw-image",
	23: "com.apple.quicktime-movie", 24: "public.mpeg-4", 25: "com.apple.m4v-video", 26: "public.3gpp", 27: "public.avi",
	28: "com.apple.m4a-audio", 29: "com.apple.coreaudio-format", 30: "com.microsoft.waveform-audio", 31: "public.aifc-audio",
	32: "public.aiff-audio", 33: "public.mp3", 34: "public.ac3-audio",
	35: "com.apple.property-list", 36: "public.data", 37: "com.apple.photos.apple-adjustment-envelope",
	38: "public.avif", 39: "public.jpeg-xl",
}

// extensions are what Photos names files of a type with.
var extensions = map[string]string{
	"public.jpeg": "jpeg", "public.heic": "heic", "public.heif": "heif", "public.avci": "avci",
	"public.png": "png", "com.compuserve.gif": "gif", "public.tiff": "tiff",
	"public.avif": "avif", "public.jpeg-xl": "jxl", "org.webmproject.webp": "webp", "com.microsoft.bmp": "bmp",
	"com.adobe.raw-image": "dng", "com.sony.arw-raw-image": "arw", "com.canon.cr2-raw-image": "cr2",
	"com.canon.cr3-raw-image": "cr3", "com.canon.crw-raw-image": "crw", "com.olympus.raw-image": "orf",
	"com.panasonic.rw2-raw-image": "rw2", "com.panasonic.raw-image": "raw", "com.pentax.raw-image": "pef",
	"com.nikon.raw-image": "nef", "com.samsung.raw-image": "srw", "com.leafamerica.raw-image": "mos",
	"com.hasselblad.3fr-raw-image": "3fr", "com.hasselblad.fff-raw-image": "fff", "com.fuji.raw-image": "raf",
	"com.apple.quicktime-movie": "mov", "public.mpeg-4": "mp4", "com.apple.m4v-video": "m4v", "public.3gpp": "3gp",
	"public.avi": "avi", "com.apple.photos.apple-adjustment-envelope": "aae",
}

// typeOf spells a resource's type. A compact type that is not a known number is
// the type itself, or stands as it is.
func typeOf(compact string) string {
	if n, err := strconv.Atoi(compact); err == nil {
		if uti, ok := compactTypes[n]; ok {
			return uti
		}
	}
	return compact
}
