// placeholder
export const handler = async () => ({})
